//! What every case is rehearsed with.

use std::path::PathBuf;

use stepwell_definition::Expectation;
use stepwell_expression::Plain;
use stepwell_model::Settings;
use stepwell_wire::{Naming, Run};

use super::super::json;
use crate::exit::Trouble;
use crate::files::{Tested, TestedCase};
use crate::host::Rehearsal;

/// The name of every rehearsed execution.
const NAME: &str = "test";

/// A case, ready to be rehearsed.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) file: PathBuf,
    pub(super) name: String,
    pub(super) rehearsal: Rehearsal,
    pub(super) expect: Expectation,
}

/// The cases of a file, or the one of that name.
pub(super) fn plan(tested: Tested, only: Option<&str>) -> Result<Vec<Planned>, Trouble> {
    let Tested {
        path,
        flow,
        children,
        grants,
        objects,
        cases,
    } = tested;
    let flow = flow.text(&*flow.flow()?)?;
    let children = children.iter().map(|child| child.text(&*child.flow()?));
    let children: Vec<_> = children.collect::<Result<_, Trouble>>()?;
    let (grants, settings) = (json(&grants)?, json(&Settings::default())?);
    let planned = |tested: TestedCase| {
        let run = Run {
            name: NAME.to_owned(),
            naming: Naming::Join,
            nonce: None,
            flow: flow.clone(),
            children: children.clone(),
            registry: json(&tested.registry)?,
            grants: grants.clone(),
            settings: settings.clone(),
            input: Plain(tested.input),
            recount: false,
        };
        Ok(Planned {
            file: path.clone(),
            name: tested.case.name.text.to_string(),
            rehearsal: Rehearsal {
                run,
                components: tested.components,
                environment: tested.case.environment,
                objects: objects.clone(),
                reports: tested.case.reports,
                stop_after_ms: tested.case.stop_after_ms,
            },
            expect: tested.case.expect,
        })
    };
    let wanted = |tested: &TestedCase| only.is_none_or(|only| *tested.case.name.text == *only);
    cases.into_iter().filter(wanted).map(planned).collect()
}
