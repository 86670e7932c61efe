//! Files that are too large or too odd to be kept.

use stepwell_definition::{DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX};

/// The code that a case is made for, if its file is made: of the others nothing is kept.
pub(crate) fn code(case: &str) -> Option<String> {
    Some(format!("definition::{}", case.strip_prefix("made_")?))
}

/// The file of a case, if it is made.
pub(crate) fn file(case: &str) -> Option<Vec<u8>> {
    let text = match case.strip_prefix("made_")? {
        "file_too_large" => "#".repeat(FILE_BYTES_MAX + 1),
        "not_utf8" => return Some(b"Type: StateMachine\nName: caf\xe9\n".to_vec()),
        "nul_byte" => "Type: StateMachine\nName: a\0b\n".to_owned(),
        "too_deep" => format!("{}{}", "[".repeat(2 * DEPTH_MAX), "]".repeat(2 * DEPTH_MAX)),
        "too_many_nodes" => "- 1\n".repeat(NODES_MAX + 1),
        "too_many_aliases" => aliases(),
        "too_many_states" => scopes(17),
        "too_many_problems" => "a: 1\n".repeat(700),
        _ => return None,
    };
    Some(text.into_bytes())
}

/// Nine times nine times … the same ten letters.
fn aliases() -> String {
    let line = |level: usize| format!("l{level}: &l{level} [{}]\n", format!("*l{}, ", level - 1).repeat(9));
    let lines: String = (1..10).map(line).collect();
    format!("l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]\n{lines}")
}

/// Scopes inside each other.
fn scopes(levels: usize) -> String {
    let inner = |body: String, _: usize| {
        format!("StartAt: A, States: [{{Type: Parallel, Name: A, End: true, Branches: [{{{body}}}]}}]")
    };
    let leaf = "StartAt: A, States: [{Type: Succeed, Name: A}]".to_owned();
    let body = (0..levels).fold(leaf, inner);
    format!("{{Type: StateMachine, SpecVersion: v1, Name: shop, {body}}}\n")
}
