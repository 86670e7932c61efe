//! What begins with a backslash.

use super::{Translator, quoted};

/// A character, and how it is written.
pub(super) struct Character {
    pub(super) text: String,
    pub(super) code: u32,
}

impl Character {
    /// One that stands for itself.
    pub(super) fn itself(char: char) -> Self {
        Self {
            text: quoted(char),
            code: u32::from(char),
        }
    }
}

impl<'p> Translator<'p> {
    /// Behind a backslash outside `[…]`.
    pub(super) fn escape(&mut self) -> Result<(), String> {
        let Some(name) = self.next() else { return Err(alone()) };
        match name {
            'Q' => self.quotation(),
            'b' => self.out.push_str(r"(?-u:\b)"),
            'B' => self.out.push_str(r"(?-u:\B)"),
            'A' | 'z' => self.out.extend(['\\', name]),
            'p' | 'P' => self.group_of_characters(name)?,
            _ => match set(name) {
                Some(set) => self.out.extend(["[", set, "]"]),
                None => {
                    let character = self.character(name)?;
                    self.out.push_str(&character.text);
                }
            },
        }
        Ok(())
    }

    /// A character that is written with a backslash and `name`.
    pub(super) fn character(&mut self, name: char) -> Result<Character, String> {
        match name {
            'a' | 'f' | 'n' | 'r' | 't' | 'v' => Ok(Character {
                text: format!("\\{name}"),
                code: 0,
            }),
            'x' => Ok(self.hexadecimal()),
            '0'..='7' => self.octal(name),
            _ if name.is_ascii() && !name.is_ascii_alphanumeric() => Ok(Character::itself(name)),
            _ => Err(format!("`\\{name}` means nothing")),
        }
    }

    /// `\x41` or `\x{1F600}`; whether it is sound is told by the crate.
    fn hexadecimal(&mut self) -> Character {
        let digits = match self.rest.starts_with('{') {
            true => self.braced(),
            false => {
                let digits = self.rest.bytes().take(2).take_while(u8::is_ascii_hexdigit);
                self.take_bytes(digits.count())
            }
        };
        let code = u32::from_str_radix(digits.trim_matches(['{', '}']), 16);
        Character {
            text: format!("\\x{digits}"),
            code: code.unwrap_or_default(),
        }
    }

    /// `\101`: up to three digits, and more than one but for a zero, which would be a reference to a group.
    fn octal(&mut self, first: char) -> Result<Character, String> {
        let more = self.rest.bytes().take(2).take_while(|byte| matches!(byte, b'0'..=b'7'));
        let more = self.take_bytes(more.count());
        if more.is_empty() && first != '0' {
            return Err(format!(
                "`\\{first}` would be a reference to a group, which there is none"
            ));
        }
        let code = u32::from_str_radix(&format!("{first}{more}"), 8).unwrap_or_default();
        Ok(Character {
            text: format!("\\x{{{code:X}}}"),
            code,
        })
    }

    /// `{…}`, which is what follows.
    pub(super) fn braced(&mut self) -> &'p str {
        let length = self.rest.find('}').map_or(self.rest.len(), |end| end + 1);
        self.take_bytes(length)
    }

    fn quotation(&mut self) {
        let (text, rest) = self.rest.split_once(r"\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        text.chars().for_each(|char| self.literal(char));
    }
}

pub(super) fn alone() -> String {
    "a `\\` stands alone at the end".to_owned()
}

/// What stands between the brackets of a class that is the same as an escape.
pub(super) fn set(name: char) -> Option<&'static str> {
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
