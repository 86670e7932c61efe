//! What a lane counts of its items is what its history holds.

use stepwell_core::{Fact, Kind, Record};

/// What a lane's items came to so far.
#[derive(Debug, Default, PartialEq)]
struct Items {
    ended: u64,
    bytes: u64,
    wrote: bool,
}

pub(super) fn check(records: &[Record]) -> Result<(), String> {
    let mut told = Items::default();
    for record in records {
        let Kind::Lane(lane) = &record.snapshot.scope.kind else {
            return Ok(());
        };
        record.entries.iter().for_each(|entry| told.add(&entry.fact));
        let counted = Items {
            ended: lane.ended,
            bytes: lane.bytes,
            wrote: lane.wrote,
        };
        if lane.begun && lane.item >= lane.reserved_end {
            return Err(format!(
                "record {} is at item {}, which is not reserved",
                record.revision.0, lane.item
            ));
        }
        if counted != told {
            return Err(format!(
                "record {} counts {counted:?}, its history {told:?}",
                record.revision.0
            ));
        }
    }
    Ok(())
}

impl Items {
    fn add(&mut self, fact: &Fact) {
        let Fact::IterationExited {
            output,
            writes,
            failure: None,
            ..
        } = fact
        else {
            return;
        };
        let comma = u64::from(self.ended > 0);
        self.ended += 1;
        self.bytes += output.bytes() + comma;
        self.wrote |= writes.is_some();
    }
}
