//! `*`, `+`, `?`, `{2}`, `{2,}` and `{2,3}`.

use super::Translator;

/// RE2 repeats no more often, repetitions inside each other multiplied.
const TIMES_MAX: u64 = 1000;

/// A number of more digits is none to RE2.
const DIGITS_MAX: usize = 9;

/// What is known of the repetitions so far.
#[derive(Debug, Default)]
pub(super) struct Repetitions {
    /// The repetition that stands right before, if one does.
    last: Option<String>,
    /// How often what stands right before is repeated, repetitions inside of it included.
    times: u64,
    /// The most of those in each group that is open.
    open: Vec<u64>,
    /// The most where none is.
    outside: u64,
}

impl Repetitions {
    /// A part that is no repetition.
    pub(super) fn part(&mut self) {
        self.last = None;
        self.times = 1;
    }

    pub(super) fn open(&mut self) {
        self.open.push(1);
    }

    pub(super) fn close(&mut self) {
        self.times = self.open.pop().unwrap_or(1);
        self.keep();
    }

    fn repeat(&mut self, times: u64) {
        self.times = self.times.max(1).saturating_mul(times.max(1));
        self.keep();
    }

    fn keep(&mut self) {
        let most = self.open.last_mut().unwrap_or(&mut self.outside);
        *most = self.times.max(*most);
    }
}

impl Translator<'_> {
    /// A repetition that begins with `char`; or `false`, if a `{` begins none.
    pub(super) fn repetition(&mut self, char: char) -> Result<bool, String> {
        let counted = (char == '{').then(|| counted(self.rest));
        let (times, length) = match counted {
            None => (1, 0),
            Some(Some(counted)) => counted,
            Some(None) => return Ok(false),
        };
        self.out.push(char);
        let behind = self.take_bytes(length);
        self.out.push_str(behind);
        if self.take("?") {
            self.out.push('?');
        }
        let written = format!("{char}{behind}");
        if let Some(before) = &self.repetitions.last {
            return Err(format!(
                "`{before}` is repeated by `{written}`; put what is repeated first into `(?:…)`"
            ));
        }
        self.repetitions.repeat(times);
        if self.repetitions.times > TIMES_MAX {
            return Err(match times > TIMES_MAX {
                true => format!("`{written}` repeats more than {TIMES_MAX} times"),
                false => format!("`{written}` repeats what is repeated inside, more than {TIMES_MAX} times in all"),
            });
        }
        self.repetitions.last = Some(written);
        Ok(true)
    }
}

/// How often at most `n}`, `n,}` or `n,m}` at the beginning of `rest` repeats, and its length; a number has no zero
/// before it.
fn counted(rest: &str) -> Option<(u64, usize)> {
    let end = rest.bytes().take(2 * DIGITS_MAX + 2).position(|byte| byte == b'}')?;
    let inside = rest.get(..end)?;
    let times = match inside.split_once(',') {
        None => number(inside)?,
        Some((least, "")) => number(least)?,
        Some((least, most)) => number(least).and(number(most))?,
    };
    Some((times, end + 1))
}

fn number(text: &str) -> Option<u64> {
    let digits = (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits && (text.len() == 1 || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}
