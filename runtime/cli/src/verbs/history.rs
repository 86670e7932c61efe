//! `stepwell history`: what happened, step by step.

use clap::Args;
use stepwell_wire::output::HistoryEvent;
use stepwell_wire::{Answer, Request};

use super::refuse_no_store;
use crate::console::{Console, one_line};
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::place::PlaceArgument;

const EXAMPLES: &str = "\
Examples:
  stepwell history 9f86d081884c7d65
  stepwell history order/9f86d081884c7d65     where several flows have an execution of that name
  stepwell history 9f86d081884c7d65 --json | jq '.[] | select(.Type == \"TaskFailed\")'";

/// Characters of an entry's detail that stand in a line.
const DETAIL_CHARACTERS_MAX: usize = 160;

/// Print an execution's history
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The execution
    name: String,
    #[command(flatten)]
    place: PlaceArgument,
    /// Print one JSON array
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
                Request::History {
                    execution: self.name.clone(),
                },
            )
            .await?;
        let events: Vec<HistoryEvent> = answers.into_iter().flat_map(part).collect();
        match self.json {
            true => console.json(&events)?,
            false => events.iter().for_each(|event| console.out(&line(event))),
        }
        Ok(Exit::Succeeded)
    }
}

fn part(answer: Answer) -> Vec<HistoryEvent> {
    match answer {
        Answer::HistoryPart(events) => events,
        Answer::Begun(_)
        | Answer::Event(_)
        | Answer::Ended(_)
        | Answer::RowsPart(_)
        | Answer::Description(_)
        | Answer::Done
        | Answer::Refused(_) => Vec::new(),
    }
}

fn line(event: &HistoryEvent) -> String {
    let HistoryEvent {
        event_id,
        schedule_event_id,
        kind,
        step_name,
        time,
        event_detail,
    } = event;
    let cause = format!("<{schedule_event_id}");
    let detail = one_line(event_detail, DETAIL_CHARACTERS_MAX);
    format!(
        "{event_id:>5} {cause:<6} {time}  {kind:<18} {:<20} {detail}\n",
        one_line(step_name, 60)
    )
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, said};
    use super::*;

    fn event() -> HistoryEvent {
        HistoryEvent {
            event_id: 2,
            schedule_event_id: 1,
            kind: "StepEntered".into(),
            step_name: "Greet".into(),
            time: "2026-01-02T03:04:05.678Z".into(),
            event_detail: r#"{"scope":"","input":{}}"#.into(),
        }
    }

    #[test]
    fn entries_are_lines_or_one_array() {
        let host = Fake::answering(vec![
            Answer::HistoryPart(vec![event()]),
            Answer::HistoryPart(vec![]),
            Answer::Done,
        ]);
        let plain = said(&host, &["history", "n", "--store", "."]);
        let line = "    2 <1     2026-01-02T03:04:05.678Z  StepEntered        Greet                {\"scope\":\"\",\"input\":{}}\n";
        assert_eq!(
            (plain.exit, plain.out.as_str(), plain.error.as_str()),
            (Exit::Succeeded, line, "")
        );
        assert_eq!(host.requests(), [Request::History { execution: "n".into() }]);
        let json = said(&host, &["history", "n", "--store", ".", "--json"]);
        let text = r#"[{"EventId":2,"ScheduleEventId":1,"Type":"StepEntered","StepName":"Greet","Time":"2026-01-02T03:04:05.678Z","EventDetail":"{\"scope\":\"\",\"input\":{}}"}]"#;
        assert_eq!(json.out.trim_end(), text);
    }

    #[test]
    fn without_a_store_there_is_no_execution() {
        let refused = said(&Fake::default(), &["history", "n", "--store", "no/such/store"]);
        let message = "ExecutionNotExists: execution `n` does not exist: there is no store at `no/such/store`\n";
        assert_eq!(
            (refused.exit, refused.out.as_str(), refused.error.as_str()),
            (Exit::Usage, "", message)
        );
    }
}
