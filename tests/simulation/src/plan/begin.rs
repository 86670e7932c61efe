//! What a plan's execution is started with.

use stepwell_actions::{StubAnswer, StubEntry};
use stepwell_model::{Flow, Settings};

use super::{Plan, Stub};
use crate::{Begin, flow};

impl Plan {
    /// The flow as the checker lowers it.
    #[must_use]
    pub fn lowered(&self) -> Flow {
        flow(&self.flow.yaml())
    }

    /// What its execution is started with.
    #[must_use]
    pub fn begin(&self) -> Begin {
        let stubs = self
            .stubs
            .iter()
            .map(|stub| (stub.name.as_str(), entries(stub)))
            .collect();
        Begin {
            settings: Settings {
                fuse: self.fuse,
                data_bytes_max: self.data_bytes_max,
                states_max: self.states_max,
                wait_seconds_max: self.wait_seconds_max,
            },
            flows: self.children.iter().map(|child| flow(&child.yaml())).collect(),
            ..Begin::with(self.input.clone()).stubs(stubs)
        }
    }
}

fn entries(stub: &Stub) -> Vec<StubEntry> {
    let entry = |(answer, delay_ms): &(Result<_, String>, u64)| StubEntry {
        answer: match answer {
            Ok(result) => StubAnswer::Result(Clone::clone(result)),
            Err(code) => StubAnswer::Fail {
                code: code.as_str().into(),
                detail: "stub".into(),
            },
        },
        delay_ms: *delay_ms,
    };
    stub.answers.iter().map(entry).collect()
}
