//! Running a model to its end.

use std::fmt::{Debug, Write as _};
use std::hash::Hash;

use stateright::{Checker, Model};

/// What an exploration came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// How many states there are; where damage was found, how many were seen.
    pub states: usize,
    /// The promises that break, each with a shortest way to the damage.
    pub damage: Vec<(String, String)>,
}

/// What can be explored.
pub trait Explorable:
    Model<State: Seen, Action: Debug + Clone + PartialEq + Send + Sync> + Clone + Send + Sync + 'static
{
}

/// A state that can be compared, kept and shown.
pub trait Seen: Clone + Debug + Hash + PartialEq + Send + Sync {}

impl<S: Clone + Debug + Hash + PartialEq + Send + Sync> Seen for S {}
impl<M: Model<State: Seen, Action: Debug + Clone + PartialEq + Send + Sync> + Clone + Send + Sync + 'static> Explorable
    for M
{
}

/// Explores every state of a model.
pub fn explore<M: Explorable>(model: &M) -> Explored {
    let checker = model.clone().checker().spawn_bfs().join();
    let mut promises: Vec<&str> = checker.discoveries().into_keys().collect();
    promises.sort_unstable();
    let damage = promises
        .into_iter()
        .map(|promise| (promise.to_owned(), shortest(model, promise)));
    Explored {
        states: checker.unique_state_count(),
        damage: damage.collect(),
    }
}

/// A shortest way to the damage, which there is: the first that is found where ways may be only so long.
fn shortest<M: Explorable>(model: &M, promise: &str) -> String {
    (2..)
        .find_map(|steps| {
            let checker = model.clone().checker().target_max_depth(steps).spawn_bfs().join();
            let path = checker.discoveries().remove(promise)?;
            Some(way(&path.into_vec()))
        })
        .unwrap_or_default()
}

fn way<S: Debug, A: Debug>(steps: &[(S, Option<A>)]) -> String {
    let mut text = String::new();
    for (number, (state, action)) in steps.iter().enumerate() {
        // Writing into a text does not fail.
        let _ = match action {
            Some(action) => writeln!(text, "  {:>2}. {action:?}", number + 1),
            None => writeln!(text, "  {state:?}"),
        };
    }
    text
}
