//! The tracing header, in which Lambda counts how often one chain of events has come back to a function.
//!
//! What AWS does: a function's SDK copies the header of its invocation (`_X_AMZN_TRACE_ID`) to every request
//! (`X-Amzn-Trace-Id`); SQS keeps it with the message (`AWSTraceHeader`); whoever is invoked by that message gets it
//! again, its field `Lineage` longer by one. "After about 16" invocations of one function in one chain Lambda refuses:
//! `RecursiveInvocationException` to a direct caller and to the poller of a queue (the message stays and in time is a dead
//! letter); an event is dropped or goes to the dead letters. Requests with dead SDKs, and EventBridge Scheduler, begin new
//! chains.
//!
//! What is emulated: `Lineage=<eight hexadecimal digits of the function>:<count>`, several parted by `|`, the count that of
//! invocations including this one. The seventeenth is refused. AWS documents neither the form nor how a batch with several
//! chains counts; here the longest one counts.
//!
//! Source: "Use Lambda recursive loop detection to prevent infinite loops", Lambda developer guide.

/// How many invocations of a function one chain may have.
pub const CHAIN_MAX: u32 = 16;

/// How a function is named in the field: eight hexadecimal digits.
pub(super) fn mark(arn: &str) -> String {
    // FNV-1a, 32 bits.
    let hash = arn.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

/// How often the function `mark` stands in a header's chain.
pub(super) fn count(header: &str, mark: &str) -> u32 {
    entries(header)
        .find(|(name, _)| *name == mark)
        .map_or(0, |(_, count)| count)
}

/// The header that the next invocation of `mark` gets; `root` where the chain begins here.
pub(super) fn next(header: Option<&str>, mark: &str, root: &str) -> String {
    let header = header.unwrap_or("");
    let mut fields: Vec<String> = fields(header)
        .filter(|field| !field.starts_with("Lineage="))
        .map(str::to_owned)
        .collect();
    if !fields.iter().any(|field| field.starts_with("Root=")) {
        fields.insert(0, format!("Root={root}"));
    }
    if !fields.iter().any(|field| field.starts_with("Sampled=")) {
        fields.push("Sampled=0".to_owned());
    }
    fields.push(format!("Lineage={}", longer(header, mark)));
    fields.join(";")
}

fn longer(header: &str, mark: &str) -> String {
    let others = entries(header).filter(|(name, _)| *name != mark);
    let mut chain: Vec<String> = others.map(|(name, count)| format!("{name}:{count}")).collect();
    chain.push(format!("{mark}:{}", count(header, mark).saturating_add(1)));
    chain.join("|")
}

fn fields(header: &str) -> impl Iterator<Item = &str> {
    header.split(';').map(str::trim).filter(|field| !field.is_empty())
}

fn entries(header: &str) -> impl Iterator<Item = (&str, u32)> {
    let lineage = fields(header).find_map(|field| field.strip_prefix("Lineage="));
    let entries = lineage.unwrap_or("").split('|');
    entries.filter_map(|entry| {
        let (name, count) = entry.split_once(':')?;
        Some((name, count.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::{count, mark, next};

    #[test]
    fn a_chain_begins_grows_and_keeps_what_others_counted() {
        let first = next(None, "0a", "1-2-3");
        assert_eq!(first, "Root=1-2-3;Sampled=0;Lineage=0a:1");
        let other = next(Some(&first), "0b", "unused");
        assert_eq!(other, "Root=1-2-3;Sampled=0;Lineage=0a:1|0b:1");
        let again = next(Some(&other), "0a", "unused");
        assert_eq!(again, "Root=1-2-3;Sampled=0;Lineage=0b:1|0a:2");
        assert_eq!(
            (count(&again, "0a"), count(&again, "0b"), count(&again, "0c")),
            (2, 1, 0)
        );
    }

    #[test]
    fn what_is_no_chain_counts_nothing() {
        for odd in [
            "",
            ";;",
            "Lineage=",
            "Lineage=0a",
            "Lineage=0a:x|:",
            "Lineage=0a:99999999999",
        ] {
            assert_eq!(count(odd, "0a"), 0, "{odd}");
        }
        assert_eq!(
            next(Some("Lineage=0a:x;Parent=7"), "0a", "r"),
            "Root=r;Parent=7;Sampled=0;Lineage=0a:1"
        );
    }

    #[test]
    fn a_function_has_one_mark() {
        assert_eq!(mark("a"), "e40c292c");
        assert_ne!(mark("a"), mark("b"));
    }
}
