//! The engine in a world that owns time.

#[cfg(test)]
mod basics;
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

/// How many seeds to try: `SEEDS=n` says otherwise, or `SEED=n` for that one. `found` are seeds that have
/// found a fault.
#[cfg(test)]
fn seeds(count: u64, found: &[u64]) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|count| count.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (0..number("SEEDS").unwrap_or(count))
            .chain(found.iter().copied())
            .collect(),
    }
}
