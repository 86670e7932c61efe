//! Regular expressions that users write, in RE2 syntax.
//!
//! A pattern becomes an automaton of so many states, and its size is its price. A text is searched with a table of those
//! sets of states that it leads to, made on the way: quick for all but the strangest pairs of pattern and text. Where the
//! table grows over its bound, the states are followed one by one, which costs what it takes.
//!
//! **Invariant:** compiling is bounded in size, and matching in time, by what the context still allows.

mod re2;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input};

use crate::context::{Context, Halt};

/// The longest pattern.
const PATTERN_BYTES_MAX: usize = 4096;

const NESTING_MAX: u32 = 64;

/// How large the compiled form may be, and what compiling to that size costs at most.
struct Effort {
    bytes_max: usize,
    steps: u64,
}

/// Enough for almost all patterns.
const SMALL: Effort = Effort {
    bytes_max: 64 << 10,
    steps: 4_500,
};
/// For large counted repetitions of large classes.
const LARGE: Effort = Effort {
    bytes_max: 2 << 20,
    steps: 132_000,
};

/// What the smallest pattern costs, and how many bytes of the compiled form cost one step more.
const LEAST_STEPS: u64 = 200;
const BYTES_PER_STEP: u64 = 16;

/// How large the table of a search may grow.
const TABLE_BYTES_MAX: usize = 128 << 10;

/// So many bytes of that table cost one step.
const TABLE_BYTES_PER_STEP: u64 = 16;

/// Where there is no table, so many states cost one step for every byte of the text.
const STATES_PER_STEP: u64 = 16;

/// Whether the pattern is found anywhere in the text.
pub(crate) fn is_match(pattern: &str, text: &str, context: &mut Context<'_>) -> Result<bool, Halt> {
    let automaton = compile(pattern, context)?;
    context.spend_bytes(count(text.len()))?;
    match search_by_table(&automaton, text, context)? {
        Some(found) => Ok(found),
        None => search_by_states(automaton, text, context),
    }
}

/// Compiles a pattern, or says what is wrong with it.
pub(crate) fn compile(pattern: &str, context: &mut Context<'_>) -> Result<NFA, Halt> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(Halt::failed(format!(
            "the regular expression is longer than {PATTERN_BYTES_MAX} bytes"
        )));
    }
    let re2::Translated { pattern, steps } = re2::translate(pattern).map_err(|reason| refused(&reason))?;
    for effort in [SMALL, LARGE] {
        context.spend(steps)?;
        if context.budget() < effort.steps {
            return Err(Halt::Budget);
        }
        let built = build(&pattern, effort.bytes_max)?;
        context.spend(built.as_ref().map_or(effort.steps, price))?;
        if let Some(automaton) = built {
            return Ok(automaton);
        }
    }
    Err(Halt::failed("the regular expression is too large when compiled"))
}

fn price(automaton: &NFA) -> u64 {
    LEAST_STEPS + count(automaton.memory_usage()) / BYTES_PER_STEP
}

/// The compiled pattern, or nothing if it would be larger than that.
fn build(pattern: &str, bytes_max: usize) -> Result<Option<NFA>, Halt> {
    // A boundary that knows ASCII only can stand within a character; nothing else takes half of one.
    let syntax = syntax::Config::new().nest_limit(NESTING_MAX).utf8(false);
    let parsed = syntax::parse_with(pattern, &syntax).map_err(|error| refused(reason(&error.to_string())))?;
    let config = Config::new()
        .nfa_size_limit(Some(bytes_max))
        .which_captures(WhichCaptures::None);
    match Compiler::new().configure(config).build_from_hir(&parsed) {
        Ok(automaton) => Ok(Some(automaton)),
        Err(error) if error.size_limit().is_some() => Ok(None),
        Err(error) => Err(refused(&error.to_string())),
    }
}

/// Nothing where the table would be too large, or cannot be made.
fn search_by_table(automaton: &NFA, text: &str, context: &mut Context<'_>) -> Result<Option<bool>, Halt> {
    let config = DFA::config()
        .cache_capacity(TABLE_BYTES_MAX)
        .skip_cache_capacity_check(true)
        .minimum_cache_clear_count(Some(0));
    let Ok(table) = DFA::builder().configure(config).build_from_nfa(automaton.clone()) else {
        return Ok(None);
    };
    let mut cache = table.create_cache();
    let found = table.try_search_fwd(&mut cache, &Input::new(text).anchored(Anchored::No).earliest(true));
    context.spend(count(cache.memory_usage()) / TABLE_BYTES_PER_STEP)?;
    Ok(found.ok().map(|end| end.is_some()))
}

fn search_by_states(automaton: NFA, text: &str, context: &mut Context<'_>) -> Result<bool, Halt> {
    let states = 1 + count(automaton.states().len()) / STATES_PER_STEP;
    context.spend(count(text.len()).saturating_mul(states))?;
    let machine = PikeVM::new_from_nfa(automaton).map_err(|error| Halt::failed(format!("{error}")))?;
    Ok(machine.is_match(&mut machine.create_cache(), text))
}

fn refused(reason: &str) -> Halt {
    Halt::failed(format!("not a regular expression: {reason}"))
}

/// The last line of a message that draws the pattern over several.
fn reason(message: &str) -> &str {
    message.lines().last().unwrap_or(message).trim_start_matches("error: ")
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
