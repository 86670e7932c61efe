//! What a plain scalar means: the core schema of YAML 1.2, as far as JSON can carry it.
//!
//! `null`, booleans and numbers; everything else, `yes` and timestamps included, is a string. Numbers keep their text
//! where JSON writes them so too. What only YAML writes becomes the same number in JSON: `0x1F` is 31, `0o17` is 15,
//! `+1` is 1, `.5` is 0.5, `5.` is 5.0, `007` is 7. Infinities and `.nan` are no JSON and refused.
//!
//! Source: YAML 1.2.2, section 10.3.2.

use stepwell_expression::{Number, Value};

use crate::tree::{Scalar, Style};

/// What a scalar means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Resolved<'a> {
    Null,
    Bool(bool),
    /// A number as JSON writes it too.
    Number(Number),
    /// A number that JSON writes differently.
    Respelled(Number),
    String(&'a str),
    /// `.inf`, `-.inf`, `.nan`.
    NotFinite,
}

impl Scalar {
    /// What it means.
    pub(crate) fn resolve(&self) -> Resolved<'_> {
        match self.style {
            Style::Quoted => Resolved::String(&self.text),
            Style::Plain => plain(&self.text),
        }
    }

    /// The value that it means; `None` where JSON has none.
    pub(crate) fn value(&self) -> Option<Value> {
        match self.resolve() {
            Resolved::Null => Some(Value::Null),
            Resolved::Bool(flag) => Some(Value::Bool(flag)),
            Resolved::Number(number) | Resolved::Respelled(number) => Some(Value::Number(number)),
            Resolved::String(_) => Some(Value::String(self.text.clone())),
            Resolved::NotFinite => None,
        }
    }
}

impl Resolved<'_> {
    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) | Self::Respelled(_) | Self::NotFinite => "a number",
            Self::String(_) => "a string",
        }
    }
}

fn plain(text: &str) -> Resolved<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        "true" | "True" | "TRUE" => Resolved::Bool(true),
        "false" | "False" | "FALSE" => Resolved::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Resolved::NotFinite,
        _ if matches!(unsigned(text), ".inf" | ".Inf" | ".INF") => Resolved::NotFinite,
        _ => number(text).unwrap_or(Resolved::String(text)),
    }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

fn number(text: &str) -> Option<Resolved<'_>> {
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        return None;
    }
    if let Some(number) = Number::parse(text) {
        return Some(Resolved::Number(number));
    }
    let digits = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(hexadecimal), _) => decimal(hexadecimal, 16)?,
        (None, Some(octal)) => decimal(octal, 8)?,
        (None, None) => json_spelling(text)?,
    };
    Number::parse(&digits).map(Resolved::Respelled)
}

/// The digits of a number to base 8 or 16 in decimal; `None` where they are no digits or beyond 128 bits.
fn decimal(digits: &str, radix: u32) -> Option<String> {
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    let number = u128::from_str_radix(digits, radix).ok().filter(|_| plain)?;
    Some(number.to_string())
}

/// The number in JSON syntax, if it matches `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`.
fn json_spelling(text: &str) -> Option<String> {
    let sign = if text.starts_with('-') { "-" } else { "" };
    let (mantissa, exponent) = match unsigned(text).split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned(text), None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| !unsigned(exponent).is_empty() && digits(unsigned(exponent)));
    let empty = whole.is_empty() && fraction.is_none_or(str::is_empty);
    if empty || !digits(whole) || !fraction.is_none_or(digits) || !exponent_fits {
        return None;
    }
    let whole = Some(whole.trim_start_matches('0'))
        .filter(|digits| !digits.is_empty())
        .unwrap_or("0");
    let fraction = fraction.map(|digits| format!(".{}", if digits.is_empty() { "0" } else { digits }));
    let exponent = exponent.map(|exponent| format!("e{exponent}"));
    Some(format!(
        "{sign}{whole}{}{}",
        fraction.unwrap_or_default(),
        exponent.unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_the_core_schema_says() {
        let strings = [
            "yes",
            "no",
            "on",
            "Off",
            "2024-01-01",
            "2024-01-01T00:00:00Z",
            "1_000",
            "0b1",
            "1:30",
            "12e03x",
            "-",
            "+",
            ".",
            "e5",
            "0x",
            "0xZ",
            "0o8",
            "0x-1",
            "1.2.3",
            "nan",
            "inf",
            "TRue",
            "nULL",
            "--1",
            "+-1",
            "1e",
            "1e+",
            "-0x1",
            "0x+1",
            "0o+7",
        ];
        for text in strings {
            assert_eq!(plain(text), Resolved::String(text));
        }
        for text in ["0", "-0", "1", "-17", "1.0", "1e3", "18446744073709551615", "1.50E-7"] {
            assert_eq!(plain(text), Resolved::Number(Number::parse(text).unwrap()));
        }
        let respelled = [
            ("0x1F", "31"),
            ("0o17", "15"),
            ("+1", "1"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5.0"),
            ("007", "7"),
            ("-00.50", "-0.50"),
            ("00", "0"),
            ("+.1e3", "0.1e3"),
            ("0xFFFFFFFFFFFFFFFF", "18446744073709551615"),
        ];
        for (text, json) in respelled {
            assert_eq!(plain(text), Resolved::Respelled(Number::parse(json).unwrap()), "{text}");
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(plain(text), Resolved::Null);
        }
        for text in [".inf", "-.Inf", "+.INF", ".nan", ".NaN"] {
            assert_eq!(plain(text), Resolved::NotFinite);
        }
        assert_eq!(
            [plain("true"), plain("FALSE")],
            [Resolved::Bool(true), Resolved::Bool(false)]
        );
        let quoted = Scalar {
            text: "1".into(),
            style: Style::Quoted,
        };
        assert_eq!(quoted.resolve(), Resolved::String("1"));
    }
}
