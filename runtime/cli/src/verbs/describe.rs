//! `stepwell describe`: how an execution stands.

use clap::Args;
use stepwell_wire::output::{Description, DescriptionLine, OpenState, Outcome};
use stepwell_wire::{Answer, Request};

use super::{moment, refuse_no_store, unexpected};
use crate::console::{Console, drawable};
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::place::{Place, PlaceArgument};
use crate::progress::duration;

const EXAMPLES: &str = "\
A task that waits for a report is shown with the token that completes it.

Examples:
  stepwell describe 9f86d081884c7d65
  stepwell describe 9f86d081884c7d65 --json | jq .output";

/// Print how an execution stands: input, output or error, and what is open
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution
    name: String,
    #[command(flatten)]
    place: PlaceArgument,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let place = self.place.place();
        refuse_no_store(&place, &self.name)?;
        let answers = host
            .call(
                &place,
                Request::Describe {
                    execution: self.name.clone(),
                },
            )
            .await?;
        let description = match answers.into_iter().last() {
            Some(Answer::Description(description)) => *description,
            other => return Err(unexpected(other)),
        };
        match self.json {
            true => console.json(&DescriptionLine::from(description))?,
            false => console.out(&drawable(&text(&description, &place)?)),
        }
        Ok(Exit::Succeeded)
    }
}

fn text(description: &Description, place: &Place) -> Result<String, Trouble> {
    let Description {
        row,
        input,
        result,
        open,
        cost,
    } = description;
    let mut text = format!("{}/{}: {}\n", row.flow, row.name, row.status.name());
    text.push_str(&format!("started  {}\n", moment(row.started_ms)));
    if let Some(ended) = row.ended_ms {
        let took = duration(ended.saturating_sub(row.started_ms));
        text.push_str(&format!("ended    {}, after {took}\n", moment(ended)));
    }
    text.push_str(&format!("input    {}\n", json(input)?));
    match result {
        Some(Outcome::Output(output)) => text.push_str(&format!("output   {}\n", json(output)?)),
        Some(Outcome::Error(failure)) => text.push_str(&format!("error    {}: {}\n", failure.code, failure.detail)),
        None => {}
    }
    let guest = duration(cost.guest_us.div_ceil(1_000));
    text.push_str(&format!(
        "cost     {} record{}, {} bytes, {guest} in WASM\n",
        cost.records,
        if cost.records == 1 { "" } else { "s" },
        cost.bytes
    ));
    text.extend(open.iter().map(|state| open_state(state, place)));
    Ok(text)
}

fn open_state(state: &OpenState, place: &Place) -> String {
    let separator = if state.scope.is_empty() { "" } else { "/" };
    let attempt = if state.attempt > 0 {
        format!("attempt {}, ", state.attempt)
    } else {
        String::new()
    };
    let line = format!(
        "open     {}{separator}{}: {attempt}since {}\n",
        state.scope,
        state.state,
        moment(state.since_ms)
    );
    match &state.token {
        Some(token) => {
            let place = place.words();
            format!("{line}         it waits for: stepwell report {token} --output '{{}}'{place}\n")
        }
        None => line,
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Trouble> {
    let text = serde_json::to_string(value).map_err(anyhow::Error::new);
    Ok(text.map_err(crate::HostError::Broken)?)
}

#[cfg(test)]
mod tests {
    use stepwell_expression::{Plain, Value};
    use stepwell_wire::output::{Cost, Failure, Row, Status};

    use super::super::fake::{Fake, said};
    use super::*;

    fn description(status: Status, ended_ms: Option<u64>, result: Option<Outcome>) -> Description {
        let row = Row {
            name: "n".into(),
            flow: "f".into(),
            status,
            started_ms: 1_700_000_000_000,
            ended_ms,
        };
        let open = match ended_ms {
            Some(_) => vec![],
            None => vec![OpenState {
                scope: "Both/1".into(),
                state: "Ask".into(),
                attempt: 2,
                since_ms: 1_700_000_000_500,
                token: Some("t0".into()),
            }],
        };
        let cost = Cost {
            records: 3,
            bytes: 900,
            guest_us: 1_500,
            write_units: 3,
            transitions: 2,
        };
        Description {
            row,
            input: Plain(Value::parse_json(r#"{"a":1}"#).unwrap()),
            result,
            open,
            cost,
        }
    }

    #[test]
    fn a_running_one_shows_what_is_open() {
        let host = Fake::answering(vec![Answer::Description(Box::new(description(
            Status::Running,
            None,
            None,
        )))]);
        let said = said(&host, &["describe", "n", "--store", "."]);
        let expected = "f/n: Running\nstarted  2023-11-14T22:13:20.000Z\ninput    {\"a\":1}\n\
            cost     3 records, 900 bytes, 2 ms in WASM\nopen     Both/1/Ask: attempt 2, since 2023-11-14T22:13:20.500Z\n         \
            it waits for: stepwell report t0 --output '{}' --store .\n";
        assert_eq!((said.exit, said.out.as_str()), (Exit::Succeeded, expected));
    }

    #[test]
    fn an_ended_one_shows_what_came_of_it() {
        let failure = Outcome::Error(Failure {
            code: "E".into(),
            detail: "d".into(),
        });
        let description = description(Status::Failed, Some(1_700_000_001_500), Some(failure));
        let host = Fake::answering(vec![Answer::Description(Box::new(description))]);
        let plain = said(&host, &["describe", "n", "--store", "."]);
        let expected = "f/n: Failed\nstarted  2023-11-14T22:13:20.000Z\nended    2023-11-14T22:13:21.500Z, after 1.5 s\n\
            input    {\"a\":1}\nerror    E: d\ncost     3 records, 900 bytes, 2 ms in WASM\n";
        assert_eq!(plain.out, expected);
        let json = said(&host, &["describe", "n", "--store", ".", "--json"]);
        let expected = r#"{"name":"n","flow":"f","status":"Failed","started_ms":1700000000000,"ended_ms":1700000001500,"input":{"a":1},"error":{"code":"E","detail":"d"},"open":[]}"#;
        assert_eq!(json.out.trim_end(), expected);
    }
}
