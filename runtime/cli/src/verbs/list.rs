//! `stepwell list`: every execution of a store or a server.

use clap::Args;
use stepwell_wire::output::Row;
use stepwell_wire::{Answer, Request};

use super::moment;
use crate::console::{Console, drawable};
use crate::exit::{Exit, Trouble};
use crate::host::Host;
use crate::place::PlaceArgument;
use crate::progress::duration;

const EXAMPLES: &str = "\
The newest execution comes first.

Examples:
  stepwell list
  stepwell list --json | jq '.[] | select(.status == \"Running\") | .name'";

/// List every execution
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArgument,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(crate) async fn carry_out(self, host: &dyn Host, console: &mut Console) -> Result<Exit, Trouble> {
        let place = self.place.place();
        let rows = match place.missing_store() {
            None => rows(host.call(&place, Request::List).await?),
            Some(store) => {
                console.say(&format!("there is no store at `{}` yet", store.display()));
                Vec::new()
            }
        };
        match self.json {
            true => console.json(&rows)?,
            false => console.out(&table(&rows)),
        }
        Ok(Exit::Succeeded)
    }
}

fn rows(answers: Vec<Answer>) -> Vec<Row> {
    let part = |answer| match answer {
        Answer::RowsPart(rows) => rows,
        Answer::Begun(_)
        | Answer::Event(_)
        | Answer::Ended(_)
        | Answer::HistoryPart(_)
        | Answer::Description(_)
        | Answer::Done
        | Answer::Refused(_) => Vec::new(),
    };
    answers.into_iter().flat_map(part).collect()
}

fn table(rows: &[Row]) -> String {
    let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or_default();
    let (names, flows) = (width(|row| &row.name), width(|row| &row.flow));
    let line = |row: &Row| {
        let Row {
            name,
            flow,
            status,
            started_ms,
            ended_ms,
        } = row;
        let took = ended_ms.map(|ended| format!("  {}", duration(ended.saturating_sub(*started_ms))));
        let took = took.unwrap_or_default();
        format!(
            "{name:<names$}  {flow:<flows$}  {:<9}  {}{took}\n",
            status.name(),
            moment(*started_ms)
        )
    };
    drawable(&rows.iter().map(line).collect::<String>())
}

#[cfg(test)]
mod tests {
    use stepwell_wire::output::Status;

    use super::super::fake::{Fake, said};
    use super::*;

    #[test]
    fn rows_are_lines_or_one_array() {
        let row = |name: &str, status, ended_ms| Row {
            name: name.into(),
            flow: "order".into(),
            status,
            started_ms: 1_700_000_000_000,
            ended_ms,
        };
        let rows = vec![
            row("b", Status::Running, None),
            row("abc", Status::Succeeded, Some(1_700_000_000_012)),
        ];
        let host = Fake::answering(vec![Answer::RowsPart(rows), Answer::Done]);
        let plain = said(&host, &["list", "--store", "."]);
        let expected = "b    order  Running    2023-11-14T22:13:20.000Z\n\
            abc  order  Succeeded  2023-11-14T22:13:20.000Z  12 ms\n";
        assert_eq!((plain.exit, plain.out.as_str()), (Exit::Succeeded, expected));
        let json = said(&host, &["list", "--store", ".", "--json"]);
        let expected = r#"[{"name":"b","flow":"order","status":"Running","started_ms":1700000000000,"ended_ms":null},{"name":"abc","flow":"order","status":"Succeeded","started_ms":1700000000000,"ended_ms":1700000000012}]"#;
        assert_eq!(json.out.trim_end(), expected);
    }

    #[test]
    fn no_store_has_no_executions() {
        let said = said(&Fake::default(), &["list", "--json", "--store", "no/such/store"]);
        assert_eq!(
            (said.exit, said.out.as_str(), said.error.as_str()),
            (Exit::Succeeded, "[]\n", "there is no store at `no/such/store` yet\n")
        );
    }
}
