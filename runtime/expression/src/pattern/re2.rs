//! Turns a pattern in RE2 syntax into one that the `regex-automata` crate reads in the same way.
//!
//! The two differ in little: in RE2 `\d`, `\w`, `\s`, `\b` and `\B` know ASCII only, `\Q…\E` quotes, `\101` is a character
//! by its octal number, a `{` that begins no repetition stands for itself, and inside `[…]` so do `[`, `&`, `~` and `--`.
//! What RE2 refuses and the crate does not is refused here: `a**`, more than 1,000 repetitions, `\u0041`, `(?x)`.
//!
//! **Invariant:** what is no sound pattern before is none afterwards; what both refuse is the other crate's business.
//!
//! Source: <https://github.com/google/re2/wiki/Syntax>.

mod class;
mod effort;
mod escape;
mod groups;
mod repetition;
#[cfg(test)]
mod tests;

use self::effort::Effort;
use self::repetition::Repetitions;

/// A pattern that was rewritten.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) pattern: String,
    /// What its classes of characters cost whenever it is read.
    pub(super) steps: u64,
}

/// Rewrites a pattern, or says why RE2 has no such pattern.
pub(super) fn translate(pattern: &str) -> Result<Translated, String> {
    let mut translator = Translator {
        rest: pattern,
        out: String::with_capacity(pattern.len()),
        repetitions: Repetitions::default(),
        effort: Effort::default(),
        last_name: pattern.rfind(":]").map_or(pattern.len(), |at| pattern.len() - at),
    };
    while let Some(char) = translator.next() {
        translator.part(char)?;
    }
    Ok(Translated {
        pattern: translator.out,
        steps: translator.effort.steps(),
    })
}

struct Translator<'p> {
    rest: &'p str,
    out: String,
    repetitions: Repetitions,
    effort: Effort,
    /// How far from the end the last `:]` is: behind it no name of a class ends, and none is looked for.
    last_name: usize,
}

impl<'p> Translator<'p> {
    /// One part of the pattern, which begins with `char`.
    fn part(&mut self, char: char) -> Result<(), String> {
        if matches!(char, '*' | '+' | '?' | '{') && self.repetition(char)? {
            return Ok(());
        }
        self.repetitions.part();
        match char {
            '\\' => self.escape()?,
            '[' => self.class()?,
            '(' => self.group()?,
            ')' => {
                self.repetitions.close();
                self.out.push(char);
            }
            '{' => self.literal(char),
            _ => self.out.push(char),
        }
        Ok(())
    }

    /// Behind a `(`.
    fn group(&mut self) -> Result<(), String> {
        self.repetitions.open();
        self.out.push('(');
        if !self.take("?") {
            return Ok(());
        }
        self.out.push('?');
        let flags = self.rest.split([':', ')']).next().unwrap_or_default();
        let flags = flags
            .chars()
            .take_while(|char| char.is_ascii_alphabetic() || *char == '-');
        for flag in flags {
            match flag {
                'i' => self.effort.fold(),
                // `P` begins a name.
                'm' | 's' | 'U' | '-' | 'P' => {}
                _ => return Err(format!("there is no flag `{flag}`; there are i, m, s and U")),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Passes over a text, if it is what follows.
    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Passes over so many bytes.
    fn take_bytes(&mut self, count: usize) -> &'p str {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// A character that stands for itself.
    fn literal(&mut self, char: char) {
        self.out.push_str(&quoted(char));
    }
}

/// How a character is written that stands for itself. `\<` and `\>` are something else to the crate.
fn quoted(char: char) -> String {
    match char.is_ascii_punctuation() && !matches!(char, '<' | '>') {
        true => format!("\\{char}"),
        false => char.to_string(),
    }
}
