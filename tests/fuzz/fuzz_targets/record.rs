//! Whatever bytes a store gives back for a record: an error, or a record whose encoding gives the same record back.
#![no_main]

mod seeds;

use std::collections::BTreeMap;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use stepwell_actions::{Grants, Registry};
use stepwell_core::{
    AttemptNumber, Event, Failure, FlowVersion, Moment, Phase, Pins, Program, Record, Revision, ScopeId, Snapshot,
    Telemetry, Tokens, advance, decode, encode, root,
};
use stepwell_definition::check;
use stepwell_expression::{Memory, Value};
use stepwell_model::{Flow, Settings};

/// How many records of an execution become seeds.
const RECORDS_MAX: u64 = 6;

struct SameToken;

impl Tokens for SameToken {
    fn token(&self, _: &ScopeId, _: AttemptNumber) -> String {
        "token".to_owned()
    }
}

fuzz_target!(init: seeds::write(seeds_of), |bytes: &[u8]| {
    let Ok(record) = decode(bytes) else { return };
    let encoded = encode(&record).expect("what was decoded can be encoded");
    let again = decode(&encoded).expect("what was encoded can be decoded");
    assert_eq!(record, again);
    assert_eq!(encoded, encode(&again).expect("what was decoded can be encoded"));
});

/// The first records of an execution of the fixture's flow, whose tasks echo or fail in turn.
fn seeds_of(folder: &Path) -> Vec<Vec<u8>> {
    let text = seeds::flow(folder).unwrap_or_default();
    let Some(flow) = check(&text, "flow.yaml").flow else {
        return Vec::new();
    };
    let pins = pins(&flow);
    let (mut snapshot, mut event, mut now) = (root(), Event::Started, pins.started_ms);
    let mut seeds = Vec::new();
    for revision in (1..=RECORDS_MAX).map(Revision) {
        let program = Program {
            scope: &ScopeId::root(),
            flow: &flow,
            pins: &pins,
            tokens: &SameToken,
        };
        let moment = Moment { now, revision };
        let Ok(advanced) = advance(program, &snapshot, &event, moment, &Memory::default()) else {
            break;
        };
        snapshot = advanced.snapshot;
        let record = Record {
            revision,
            stamp: now,
            writer: "w".into(),
            pins: (revision.0 == 1).then(|| pins.clone()),
            entries: advanced.entries,
            values: Vec::new(),
            snapshot: snapshot.clone(),
        };
        seeds.extend(encode(&record));
        match next(&snapshot, revision) {
            Some((happens, at)) => (event, now) = (happens, at.unwrap_or(now)),
            None => break,
        }
    }
    seeds
}

/// What happens next, and when.
fn next(snapshot: &Snapshot, revision: Revision) -> Option<(Event, Option<u64>)> {
    let at = snapshot.at.as_ref()?;
    Some(match &at.phase {
        Phase::Entering => (Event::Continued, None),
        Phase::Waiting(until) => (Event::TimerFired, Some(*until)),
        Phase::Attempt(attempt) if revision.0 % 2 == 1 => (
            Event::TaskFailed {
                attempt: attempt.number,
                failure: Failure::new("FC.Busy", "try later"),
                telemetry: Telemetry::default(),
            },
            Some(attempt.scheduled_ms),
        ),
        Phase::Attempt(attempt) => (
            Event::TaskSucceeded {
                attempt: attempt.number,
                output: attempt.parameters.clone(),
                telemetry: Telemetry::default(),
            },
            Some(attempt.scheduled_ms),
        ),
        Phase::Forked(fork) => (
            Event::ChildFailed {
                fork: fork.revision,
                index: 0,
                failure: Failure::new("Odd", ""),
            },
            None,
        ),
        Phase::Delayed { until_ms, .. } => (Event::TimerFired, Some(*until_ms)),
    })
}

fn pins(flow: &Flow) -> Pins {
    let input = Value::parse_json(r#"{"a":1.50,"list":[1,"x",null],"name":"n"}"#);
    Pins {
        semantics: Pins::SEMANTICS,
        flow: flow.name.clone(),
        name: "n".into(),
        version: FlowVersion {
            model: "m".into(),
            definition: "d".into(),
        },
        flows: BTreeMap::new(),
        registry: Registry::default(),
        grants: Grants::default(),
        settings: Settings::default(),
        environment: Value::object([("A", Value::from("b"))]),
        input: input.unwrap_or_default(),
        seed: "0".repeat(64).into(),
        nonce: Some("n".into()),
        started_ms: 1_700_000_000_000,
        parent: None,
    }
}
