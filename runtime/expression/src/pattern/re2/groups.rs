//! `\p{…}`: the characters of a general category or of a script, by the names that RE2 knows them by.

use super::Translator;

/// The general categories. To RE2 `C` is without the characters that are not assigned.
const CATEGORIES: [&str; 36] = [
    "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc",
    "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs", "C",
];

impl Translator<'_> {
    /// Behind `\p` or `\P`: `{Greek}`, `{^Greek}` or `L`; the brace belongs to the escape.
    pub(super) fn group_of_characters(&mut self, name: char) -> Result<(), String> {
        let written = match self.rest.starts_with('{') {
            true => self.braced(),
            false => self.take_bytes(self.rest.chars().next().map_or(0, char::len_utf8)),
        };
        let bare = written
            .strip_prefix('{')
            .map_or(Some(written), |rest| rest.strip_suffix('}'));
        let (without, bare) = match bare.unwrap_or_default().strip_prefix('^') {
            Some(bare) => (name == 'p', bare),
            None => (name == 'P', bare.unwrap_or_default()),
        };
        let characters = characters(bare).ok_or_else(|| {
            let short: String = written.chars().take(30).collect();
            format!("there is no group of characters `\\{name}{short}`")
        })?;
        self.effort.group(bare);
        self.out.push_str(if without { "[^" } else { "[" });
        self.out.extend([characters.as_str(), "]"]);
        Ok(())
    }
}

/// What stands for the group in a class.
fn characters(name: &str) -> Option<String> {
    match name {
        "Any" => Some(r"\x{0}-\x{10FFFF}".to_owned()),
        "C" => Some(r"\p{Cc}\p{Cf}\p{Co}".to_owned()),
        _ if CATEGORIES.contains(&name) => Some(format!(r"\p{{{name}}}")),
        _ if is_script(name) => Some(format!(r"\p{{Script={name}}}")),
        _ => None,
    }
}

/// Whether it is written as the names of scripts are; the crate knows which there are.
fn is_script(name: &str) -> bool {
    let is_word = |word: &str| {
        let rest = word.strip_prefix(|first: char| first.is_ascii_uppercase());
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    name == "SignWriting" || name.split('_').all(is_word)
}
