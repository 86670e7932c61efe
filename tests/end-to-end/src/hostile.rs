//! Hostile input: each is refused, or run, by name, within the stated bound of processor time and memory.
//!
//! **Invariant:** a verdict is about processor time and memory of the program itself, never about the clock on the wall.

mod bound;
mod data;
mod expressions;
mod loops;
mod nodes;
mod texts;

/// The head of every flow.
const HEAD: &str = "Type: StateMachine\nSpecVersion: v1\nName: hostile\n";

/// A flow of one Pass with `fields` beside its Type and Name.
fn pass(fields: &str) -> String {
    format!("{HEAD}StartAt: A\nStates:\n  - Type: Pass\n    Name: A\n{fields}    End: true\n")
}

/// A flow whose one state computes `expression`.
fn computing(expression: &str) -> String {
    pass(&format!(
        "    OutputConstructor: {{x.$: '{}'}}\n",
        expression.replace('\'', "''")
    ))
}
