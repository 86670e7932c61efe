//! The engine over the embedded store in a process that is really killed; the tests, and how to read them, are in
//! `tests/kills` and `README.md`.
