//! One lane, item after item.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::story::{Story, json};
use crate::{Duty, Event, Rejected, duties};

const MAP: &str = "StartAt: M\nStates:\n  - Type: Map\n    Name: M\n    ItemsPath: $Input.items\n    MaxConcurrency: 2\n    \
                   Processor:\n      StartAt: A\n      States:\n        \
                   - {Type: Choice, Name: A, Branches: [{Condition: $Input == 9, Next: F}, \
                   {Condition: $Input == 8, Next: S}, {Condition: $Input == 7, Next: W}], Default: B}\n        \
                   - {Type: Succeed, Name: S}\n        - {Type: Wait, Name: W, Seconds: 1, End: true}\n        \
                   - {Type: Pass, Name: B, GlobalConstructor: {last.$: $Input}, End: true}\n        \
                   - {Type: Fail, Name: F, Code: Nine}\n    End: true\n";

fn lane_of(input: &str, index: u32) -> Story {
    Story::begin(MAP, input).child("M", index)
}

fn item(number: u64, end: &[&str]) -> Vec<String> {
    let begin = ["IterationEntered M", "StepEntered A", "StepExited A"];
    begin
        .iter()
        .chain(end)
        .map(|told| format!("{told} of item {number}"))
        .collect()
}

const WELL: [&str; 3] = ["StepEntered B", "StepExited B", "IterationExited M"];

#[test]
fn a_lane_begins_with_the_item_of_its_own_number_and_asks_for_the_next() {
    let mut lane = lane_of(r#"{"items": [10, 11, 12]}"#, 1);
    assert_eq!(lane.tell(&Event::Started), Ok(item(1, &WELL)));
    assert_eq!(duties(&lane.flow, &lane.pins, &lane.snapshot), [Duty::Deal]);
    assert_eq!(&*lane.snapshot.path(), "M/1");
}

#[test]
fn reserved_items_run_without_another_question() {
    let mut lane = lane_of(r#"{"items": [10, 11, 12, 13, 14]}"#, 0);
    lane.tell(&Event::Started).unwrap();
    let expected: Vec<String> = [item(2, &WELL), item(3, &WELL)].concat();
    assert_eq!(lane.tell(&Event::ItemsDealt { from: 2, end: 4 }), Ok(expected));
    let Kind::Lane(after) = &lane.snapshot.scope.kind else {
        panic!("a lane stays a lane")
    };
    let sums = (
        after.item,
        after.begun,
        after.reserved_end,
        after.ended,
        after.bytes,
        after.wrote,
    );
    assert_eq!(
        sums,
        (3, false, 4, 3, 8, true),
        "three outputs of two bytes and two commas"
    );
    assert_eq!(
        lane.snapshot.globals.writes,
        json(r#"{"last": 13}"#),
        "each item starts with writes of its own"
    );
}

#[test]
fn an_item_that_writes_nothing_leaves_nothing_to_merge() {
    let wrote = |input: &str| {
        let mut lane = lane_of(input, 0);
        lane.tell(&Event::Started).unwrap();
        match lane.snapshot.scope.kind {
            Kind::Lane(lane) => lane.wrote,
            Kind::Root | Kind::Branch { .. } => panic!("a lane stays a lane"),
        }
    };
    assert!(wrote(r#"{"items": [10]}"#));
    assert!(!wrote(r#"{"items": [8]}"#));
}

#[test]
fn items_dealt_while_one_is_under_way_are_late() {
    let mut lane = lane_of(r#"{"items": [7, 1]}"#, 0);
    let begin = ["IterationEntered M", "StepEntered A", "StepExited A", "StepEntered W"];
    let begin = begin.map(|told| format!("{told} of item 0"));
    assert_eq!(lane.tell(&Event::Started), Ok(begin.to_vec()));
    let dealt = lane.tell(&Event::ItemsDealt { from: 1, end: 2 });
    assert_eq!(dealt, Err(Rejected::Late.into()));
}

#[test]
fn no_items_left_end_it() {
    let mut lane = lane_of(r#"{"items": [10]}"#, 0);
    lane.tell(&Event::Started).unwrap();
    assert_eq!(lane.tell(&Event::ItemsDealt { from: 1, end: 1 }), Ok(Vec::new()));
    assert_eq!(lane.snapshot.status, Status::Succeeded(Value::Null));
    assert_eq!(duties(&lane.flow, &lane.pins, &lane.snapshot), [Duty::TellParent]);
    assert_eq!(
        lane.tell(&Event::ItemsDealt { from: 1, end: 1 }),
        Err(Rejected::Late.into())
    );
}

#[test]
fn an_item_that_fails_ends_it_and_those_reserved_behind_do_not_begin() {
    let mut lane = lane_of(r#"{"items": [1, 2, 9, 3]}"#, 0);
    lane.tell(&Event::Started).unwrap();
    let failed = ["StepEntered F", "StepFailed F", "IterationExited M"];
    assert_eq!(lane.tell(&Event::ItemsDealt { from: 2, end: 4 }), Ok(item(2, &failed)));
    assert_eq!(lane.snapshot.status, Status::Failed(Failure::new("Nine", "")));
}

#[test]
fn an_item_that_is_not_there_is_a_broken_invariant() {
    let mut lane = lane_of(r#"{"items": [1]}"#, 0);
    lane.tell(&Event::Started).unwrap();
    let told = lane.tell(&Event::ItemsDealt { from: 7, end: 8 });
    assert_eq!(
        told,
        Err(Rejected::Bug {
            what: "the lane's item is not among the items"
        }
        .into())
    );
}

#[test]
fn items_behind_a_pointer_are_asked_for() {
    let items: Vec<String> = (0..100).map(|number| format!("{number}")).collect();
    let mut lane = lane_of(&format!(r#"{{"items": [{}]}}"#, items.join(",")), 1);
    let memory = core::mem::take(&mut lane.memory);
    assert!(matches!(lane.tell(&Event::Started), Err(crate::Stop::Needs(needs)) if needs.0.len() == 1));
    lane.memory = memory;
    assert_eq!(lane.tell(&Event::Started), Ok(item(1, &WELL)));
}
