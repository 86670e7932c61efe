//! What an invocation spent, as a line of the log that CloudWatch reads as metrics.
//!
//! One instance carries out one invocation at a time, so what its adapters spent between two moments is that of the
//! invocation. The line is written where `STEPWELL_METRICS` is set; it costs some 400 bytes of logs.
//!
//! Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide.
//!
//! **Invariant:** only counted, never decided by.

use serde_json::{Map, Value, json};
use stepwell_ports::Millis;

/// The metrics' namespace.
const NAMESPACE: &str = "Stepwell";

/// What was spent since an instance began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spending {
    pub(crate) table: stepwell_store_dynamodb::Spent,
    pub(crate) wakes: stepwell_wakes_aws::Spent,
    pub(crate) objects: stepwell_objects_s3::Spent,
}

impl Spending {
    /// The amounts by their names for metrics.
    fn amounts(&self) -> [(&'static str, f64); 11] {
        let count = |count: u64| u32::try_from(count).map_or(f64::INFINITY, f64::from);
        [
            ("WriteUnits", self.table.write_units),
            ("ReadUnits", self.table.read_units),
            ("TableRequests", count(self.table.requests)),
            ("LostWrites", count(self.table.lost_writes)),
            ("TableItems", count(self.table.items)),
            ("TableBytes", count(self.table.bytes)),
            ("QueueRequests", count(self.wakes.sqs_requests)),
            ("Schedules", count(self.wakes.schedules)),
            ("SchedulesRefused", count(self.wakes.refused)),
            ("ObjectWrites", count(self.objects.writes)),
            ("ObjectReads", count(self.objects.reads)),
        ]
    }

    /// The line of an invocation that began with `before` spent.
    pub(crate) fn line(&self, before: &Self, now: Millis) -> Value {
        let amounts = self.amounts().into_iter().zip(before.amounts());
        let mut line: Map<String, Value> = amounts
            .map(|((name, after), (_, before))| (name.to_owned(), json!(after - before)))
            .collect();
        let metrics: Vec<Value> = line.keys().map(|name| json!({"Name": name})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[]], "Metrics": metrics});
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": now, "CloudWatchMetrics": [directive]}),
        );
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_what_came_between() {
        let mut before = Spending::default();
        before.table.write_units = 2.0;
        let mut after = before;
        after.table.write_units = 5.0;
        after.wakes.sqs_requests = 1;
        let line = after.line(&before, 7);
        assert_eq!(
            [&line["WriteUnits"], &line["QueueRequests"], &line["ReadUnits"]],
            [&json!(3.0), &json!(1.0), &json!(0.0)]
        );
        assert_eq!(line["_aws"]["Timestamp"], 7);
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().map(Vec::len),
            Some(11)
        );
    }
}
