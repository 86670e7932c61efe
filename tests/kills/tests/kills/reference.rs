//! What the reference is told of a round.

use std::collections::BTreeMap;
use std::sync::Arc;

use stepwell_engine::Engine;
use stepwell_simulation::Ran;
use stepwell_simulation::reference::{ChildWitness, Witness};

use crate::case::Case;
use crate::witness::Line;

/// What is known of a round whose executions have all ended.
pub(crate) async fn witness(engine: &Engine, case: &Case, lines: &[Line], deaths: u32) -> Witness {
    let execution = case.execution();
    let mut children = vec![];
    for row in engine.list().await.unwrap() {
        if *row.execution != *execution {
            let flow = row.execution.split('/').next().unwrap().to_owned();
            let input = engine.describe(&row.execution).await.unwrap().input;
            let witness = one(engine, case, &row.execution, deaths).await;
            children.push(ChildWitness { flow, input, witness });
        }
    }
    Witness {
        ran: Some(ran(lines)),
        children,
        ..one(engine, case, &execution, deaths).await
    }
}

/// The histories of a round, for a person.
pub(crate) fn histories(witness: &Witness) -> String {
    let children = witness
        .children
        .iter()
        .map(|child| (child.flow.as_str(), &child.witness.history));
    let mut text = String::new();
    for (flow, history) in [("", &witness.history)].into_iter().chain(children) {
        text += &format!("# {flow}\n");
        for event in history {
            let (time, kind, step) = (&event.time, &event.kind, &event.step_name);
            text += &format!("{time} {kind} {step} {}\n", event.event_detail);
        }
    }
    text
}

async fn one(engine: &Engine, case: &Case, execution: &str, deaths: u32) -> Witness {
    Witness {
        history: engine.history(execution).await.unwrap(),
        end: engine.ended(execution).await.unwrap(),
        ran: None,
        deaths,
        repeats: deaths,
        stop: None,
        reports: vec![],
        children: vec![],
        tolerance_ms: case.factor,
        strides: false,
    }
}

fn ran(lines: &[Line]) -> BTreeMap<Arc<str>, Ran> {
    let mut attempts: BTreeMap<Arc<str>, Ran> = BTreeMap::new();
    for began in lines.iter().filter_map(Line::began) {
        let ran = attempts.entry(began.attempt_key.as_str().into()).or_insert(Ran {
            execution: began.execution.as_str().into(),
            state: began.state.as_str().into(),
            visit: began.visit_key.as_str().into(),
            attempt: began.attempt,
            begun: 0,
            is_effect: began.is_effect,
            at: vec![],
        });
        ran.begun += 1;
        ran.at.push(began.at);
    }
    attempts
}
