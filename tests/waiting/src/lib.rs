//! Executions that wait cost storage, not memory; the test has a process of its own, because it weighs it.
