//! `[…]`.

use super::Translator;
use super::escape::{Character, alone, set};

/// The names that can stand in `[:…:]`.
const NAMES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

impl Translator<'_> {
    /// Behind a `[`, to its `]`; one that comes first stands for itself.
    pub(super) fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.take("^") {
            self.out.push('^');
        }
        let mut first = true;
        while let Some(char) = self.next() {
            if char == ']' && !first {
                self.out.push(']');
                self.effort.class();
                return Ok(());
            }
            first = false;
            self.element(char)?;
        }
        Err("a `[` is never closed".to_owned())
    }

    /// What begins with `char` in a class.
    fn element(&mut self, char: char) -> Result<(), String> {
        if char == '[' && self.named_class()? {
            return Ok(());
        }
        let several = self.rest.chars().next().filter(|_| char == '\\');
        if let Some(name @ ('p' | 'P')) = several {
            self.next();
            self.group_of_characters(name)?;
            self.effort.nearly_all();
            return Ok(());
        }
        if let Some(set) = several.and_then(set) {
            self.next();
            match set.starts_with('^') {
                true => {
                    self.out.extend(["[", set, "]"]);
                    self.effort.nearly_all();
                }
                false => self.out.push_str(set),
            }
            return Ok(());
        }
        self.range(char)
    }

    /// A character, or all from it to another one.
    fn range(&mut self, char: char) -> Result<(), String> {
        let from = self.character_of_class(char)?;
        self.out.push_str(&from.text);
        let mut last = from.code;
        let is_range = self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest.starts_with("-]");
        if is_range
            && self.take("-")
            && let Some(char) = self.next()
        {
            let to = self.character_of_class(char)?;
            self.out.extend(["-", &to.text]);
            last = to.code;
        }
        self.effort.range(from.code, last);
        Ok(())
    }

    fn character_of_class(&mut self, char: char) -> Result<Character, String> {
        match char {
            '\\' => {
                let name = self.next().ok_or_else(alone)?;
                self.character(name)
            }
            _ => Ok(Character::itself(char)),
        }
    }

    /// `[:alpha:]` and the like, behind the bracket; or `false`, if it is none.
    fn named_class(&mut self) -> Result<bool, String> {
        if self.rest.len() <= self.last_name {
            return Ok(false);
        }
        let Some((name, rest)) = self.rest.strip_prefix(':').and_then(|rest| rest.split_once(":]")) else {
            return Ok(false);
        };
        if !NAMES.contains(&name.strip_prefix('^').unwrap_or(name)) {
            let short: String = name.chars().take(30).collect();
            return Err(format!("there is no class `[:{short}:]`"));
        }
        self.rest = rest;
        self.out.extend(["[:", name, ":]"]);
        if name.starts_with('^') {
            self.effort.nearly_all();
        }
        Ok(true)
    }
}
