//! The engine in a world that owns time.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod found;
#[cfg(test)]
mod functions;
#[cfg(test)]
mod published;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod small;

#[cfg(test)]
use stepwell_engine::Ended;
#[cfg(test)]
use stepwell_ports::ExecutionRow;
#[cfg(test)]
use stepwell_simulation::plan::{Generator, Plan};
#[cfg(test)]
use stepwell_simulation::reference::at_a_limit;
#[cfg(test)]
use stepwell_simulator::Chance;

/// How many seeds to try: `SEEDS=n` says otherwise, or `SEED=n` for that one. `found` are seeds that have
/// found a fault.
#[cfg(test)]
fn seeds(count: u64, found: &[u64]) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|count| count.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => {
            let found = found.iter().copied().filter(|_| !is_hunting());
            (0..number("SEEDS").unwrap_or(count)).chain(found).collect()
        }
    }
}

/// Whether the list of executions says how one ended.
#[cfg(test)]
fn is_listed(row: Option<&ExecutionRow>, end: &Ended) -> Result<(), String> {
    match row {
        Some(row) if *row.status == *end.name() => Ok(()),
        other => Err(format!("it is {}, and listed as {other:?}", end.name())),
    }
}

/// The plan of a seed; that of every fourth one has a limit that it just meets, or just misses.
#[cfg(test)]
fn plan(generator: &Generator, seed: u64) -> Plan {
    let plan = generator.plan(seed);
    match seed % 4 {
        3 => at_a_limit(&plan, &Chance::new(seed)),
        _ => plan,
    }
}

/// Whether only the first seed that disagrees is asked for, which then ends the process: `HUNT=1`.
#[cfg(test)]
fn is_hunting() -> bool {
    std::env::var_os("HUNT").is_some()
}

/// Ends a hunt.
#[cfg(test)]
#[expect(clippy::print_stdout, clippy::exit, reason = "nothing else is asked for")]
fn caught(world: &str, seed: u64, why: &str) {
    if is_hunting() {
        let why = why.lines().take(2).collect::<Vec<_>>().join(" ");
        println!("caught by seed {seed} in {world}: {why}");
        std::process::exit(101);
    }
}

/// Fails with the plans that disagree.
#[cfg(test)]
fn none_disagrees(wrong: &[String]) {
    let shown = wrong.iter().take(5);
    let shown: Vec<String> = shown.map(|why| why.chars().take(60_000).collect()).collect();
    assert!(
        wrong.is_empty(),
        "{} plans disagree:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}
