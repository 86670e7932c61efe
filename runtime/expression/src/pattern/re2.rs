//! Turns a pattern in RE2 syntax into one that the `regex-automata` crate reads in the same way.
//!
//! The two differ in little: in RE2 `\d`, `\w`, `\s` and `\b` know ASCII only, `\Q…\E` quotes, a `{` that begins no
//! repetition stands for itself, and inside `[…]` so do `[`, `&` and `~`.
//!
//! **Invariant:** what is no sound pattern before is none afterwards; finding that out is the other crate's business.

use std::iter::Peekable;
use std::str::Chars;

/// Rewrites a pattern.
pub(super) fn translate(pattern: &str) -> String {
    let mut translator = Translator {
        rest: pattern.chars().peekable(),
        out: String::with_capacity(pattern.len()),
    };
    while let Some(char) = translator.rest.next() {
        match char {
            '\\' => translator.escape(),
            '[' => translator.class(),
            '{' if !begins_repetition(translator.rest.clone()) => translator.keep(char),
            _ => translator.out.push(char),
        }
    }
    translator.out
}

struct Translator<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

impl Translator<'_> {
    fn escape(&mut self) {
        match self.rest.next() {
            Some('Q') => self.quotation(),
            Some('b') => self.out.push_str(r"(?-u:\b)"),
            Some(name @ ('p' | 'P' | 'x')) => self.named(name),
            Some(name) => match set(name) {
                Some(set) => self.out.extend(["[", set, "]"]),
                None => self.keep(name),
            },
            None => self.out.push('\\'),
        }
    }

    /// `\p{Greek}` or `\x{1F600}`: the brace belongs to the escape.
    fn named(&mut self, name: char) {
        self.keep(name);
        if self.rest.next_if_eq(&'{').is_none() {
            return;
        }
        self.out.push('{');
        for char in self.rest.by_ref() {
            self.out.push(char);
            if char == '}' {
                return;
            }
        }
    }

    fn keep(&mut self, name: char) {
        self.out.extend(['\\', name]);
    }

    fn quotation(&mut self) {
        let mut text = String::new();
        while let Some(char) = self.rest.next() {
            if char == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(char);
        }
        for char in text.chars() {
            match char.is_ascii_punctuation() {
                true => self.keep(char),
                false => self.out.push(char),
            }
        }
    }

    /// The rest of `[…]`; a bracket that comes first stands for itself.
    fn class(&mut self) {
        self.out.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        if self.rest.next_if_eq(&']').is_some() {
            self.out.push_str(r"\]");
        }
        while let Some(char) = self.rest.next() {
            match char {
                '\\' => self.escape_in_class(),
                '[' if self.rest.peek() == Some(&':') => self.named_class(),
                '[' | '&' | '~' => self.keep(char),
                _ => self.out.push(char),
            }
            if char == ']' {
                return;
            }
        }
    }

    fn escape_in_class(&mut self) {
        match self.rest.next() {
            Some(name) => match set(name) {
                Some(set) if set.starts_with('^') => self.out.extend(["[", set, "]"]),
                Some(set) => self.out.push_str(set),
                None => self.keep(name),
            },
            None => self.out.push('\\'),
        }
    }

    /// `[:alpha:]` and the like.
    fn named_class(&mut self) {
        self.out.push('[');
        for char in self.rest.by_ref() {
            self.out.push(char);
            if char == ']' {
                return;
            }
        }
    }
}

/// Whether `{` and what comes behind it is `{n}`, `{n,}` or `{n,m}`; a number has no zero before it.
fn begins_repetition(rest: Peekable<Chars<'_>>) -> bool {
    let near: String = rest.take(REPETITION_CHARS_MAX).collect();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = |text: &str| is_digits(text) && (text.len() == 1 || !text.starts_with('0'));
    near.split_once('}')
        .is_some_and(|(inside, _)| match inside.split_once(',') {
            None => is_number(inside),
            Some((least, "")) => is_number(least),
            Some((least, most)) => is_number(least) && is_number(most),
        })
}

/// No repetition is longer: RE2 repeats at most 1,000 times.
const REPETITION_CHARS_MAX: usize = 16;

/// What stands between the brackets of a class that is the same as an escape.
fn set(name: char) -> Option<&'static str> {
    match name {
        'd' => Some("0-9"),
        'D' => Some("^0-9"),
        'w' => Some("0-9A-Za-z_"),
        'W' => Some("^0-9A-Za-z_"),
        's' => Some(r"\t\n\f\r "),
        'S' => Some(r"^\t\n\f\r "),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_rewritten_where_the_dialects_differ() {
        for (pattern, expected) in [
            ("", ""),
            ("^a.*[b-d]{2,3}$", "^a.*[b-d]{2,3}$"),
            (r"^\d+\D$", "^[0-9]+[^0-9]$"),
            (r"\w\W\s\S", r"[0-9A-Za-z_][^0-9A-Za-z_][\t\n\f\r ][^\t\n\f\r ]"),
            (r"\bx\B\\d\pL\.", r"(?-u:\b)x\B\\d\pL\."),
            (r"[\w.-]+@[^\s]", r"[0-9A-Za-z_.-]+@[^\t\n\f\r ]"),
            (r"[\Wx]", r"[[^0-9A-Za-z_]x]"),
            (r"[]a][^]b]", r"[\]a][^\]b]"),
            (r"[[a][a&&b~]", r"[\[a][a\&\&b\~]"),
            (r"[[:alpha:][:^digit:]_]x", r"[[:alpha:][:^digit:]_]x"),
            (r"\Qa.b[\E.", r"a\.b\[."),
            (r"\Qa\b", r"a\\b"),
            (r"[a\]]b", r"[a\]]b"),
            (r"a\", r"a\"),
            (r"\Qa-b{1}\E{2}", r"a\-b\{1\}{2}"),
            ("{}", r"\{}"),
            ("^{\"a", r#"^\{"a"#),
            ("a{,2}b", r"a\{,2}b"),
            ("a{", r"a\{"),
            ("a{2", r"a\{2"),
            ("a{x}{2}", r"a\{x}{2}"),
            ("a{2}b{3,}c{4,5}", "a{2}b{3,}c{4,5}"),
            ("a{1,2,3}", r"a\{1,2,3}"),
            ("{2}", "{2}"),
            ("a{01}b{0}", r"a\{01}b{0}"),
            (
                r"\p{Greek}\P{L}{2}\x{1F600}\pL{1,3}\x41{2}",
                r"\p{Greek}\P{L}{2}\x{1F600}\pL{1,3}\x41{2}",
            ),
            (r"\p{Greek", r"\p{Greek"),
            (r"[\p{L}{]", r"[\p{L}{]"),
            (r"\{2}", r"\{2}"),
            ("[{]{", r"[{]\{"),
            ("[a", "[a"),
            ("[[:alpha", "[[:alpha"),
            (r"[\", r"[\"),
        ] {
            assert_eq!(translate(pattern), expected, "{pattern}");
        }
    }
}
