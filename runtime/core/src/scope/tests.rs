//! Children as a fork makes them.

use alloc::string::ToString;

use super::*;
use crate::story::{Story, json};

const MAP: &str = "StartAt: M\nStates:\n  - {Type: Map, Name: M, ItemsPath: $Input.items, MaxConcurrency: 2, Processor: \
                   {StartAt: A, States: [{Type: Pass, Name: A, End: true}]}, End: true}\n";

#[test]
fn a_fork_has_as_many_children_as_it_counts() {
    let story = Story::begin(MAP, r#"{"items": [1, 2, 3]}"#);
    assert_eq!(child_count(&story.snapshot), 2);
    let paths = [0, 1, 2].map(|index| child(&story.snapshot, &"M".into(), index).map(|child| child.path().to_string()));
    assert_eq!(paths, [Some("M/0".into()), Some("M/1".into()), None]);
}

#[test]
fn a_lane_has_reserved_the_item_of_its_own_number() {
    let story = Story::begin(MAP, r#"{"items": [1, 2, 3]}"#);
    let lane = story.child("M", 1).snapshot.scope.kind;
    let expected = Lane {
        state: "M".into(),
        input: json(r#"{"items": [1, 2, 3]}"#),
        items: json("[1, 2, 3]"),
        globals: json("{}"),
        retries: 0,
        caught: None,
        item: 1,
        begun: false,
        reserved_end: 2,
        ended: 0,
        bytes: 0,
        wrote: false,
    };
    assert_eq!(lane, Kind::Lane(expected));
}

#[test]
fn without_a_fork_there_are_no_children() {
    let story = Story::begin(
        "StartAt: W\nStates: [{Type: Wait, Name: W, Seconds: 1, End: true}]\n",
        "{}",
    );
    assert_eq!(child_count(&story.snapshot), 0);
    assert_eq!(child(&story.snapshot, &"W".into(), 0), None);
}
