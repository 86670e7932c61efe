//! A JSON number that keeps the text it was written with.
//!
//! **Invariant:** the text is always a number in JSON syntax, and nothing rewrites it: 1.0 stays 1.0, and integers of
//! any size stay exact. Rounding to a float happens only where arithmetic asks for one.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// A number as it was written.
///
/// `==` and the ordering compare the text; [`Number::compare`] compares what it means.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    text: Arc<str>,
}

impl Number {
    /// Takes `text` over, if all of it is one number in JSON syntax.
    pub fn parse(text: &str) -> Option<Number> {
        (scan(text.as_bytes()) == Some(text.len())).then(|| Number { text: text.into() })
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The nearest float; infinite where the number is beyond the range of floats.
    pub fn as_f64(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// The number as an integer, if it is one mathematically (3, 3.0 and 3e0 are) and in range.
    pub fn as_i64(&self) -> Option<i64> {
        Decimal::of(&self.text).to_i64()
    }

    /// The shortest text that reads back as `float`, without a fraction where there is none; `None` for infinities
    /// and for what is not a number.
    pub fn from_f64(float: f64) -> Option<Number> {
        float.is_finite().then(|| Number {
            text: print(float).into(),
        })
    }

    /// Whether this is 0, however written.
    pub fn is_zero(&self) -> bool {
        let mantissa = self.text.bytes().take_while(|byte| !matches!(byte, b'e' | b'E'));
        !mantissa.into_iter().any(|byte| matches!(byte, b'1'..=b'9'))
    }

    /// Compares what the numbers mean, exactly: 1 and 1.0 are equal, 2^64 and 2^64 + 1 are not.
    pub fn compare(&self, other: &Number) -> Ordering {
        if self.text == other.text {
            return Ordering::Equal;
        }
        if let (Ok(small), Ok(other)) = (self.text.parse::<i64>(), other.text.parse::<i64>()) {
            return small.cmp(&other);
        }
        Decimal::of(&self.text).compare(&Decimal::of(&other.text))
    }

    /// The number with the other sign; 0 stays as it is.
    pub(crate) fn negated(&self) -> Number {
        if self.is_zero() {
            return self.clone();
        }
        let text = match self.text.strip_prefix('-') {
            Some(positive) => positive.into(),
            None => format!("-{}", self.text).into(),
        };
        Number { text }
    }

    /// Writes the one spelling of all numbers that mean the same.
    pub(crate) fn write_canonical(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let decimal = Decimal::of(&self.text);
        if decimal.negative {
            out.write_char('-')?;
        }
        out.write_str(decimal.digits.head)?;
        out.write_str(decimal.digits.tail)?;
        out.write_char('e')?;
        match u32::try_from(decimal.exponent)
            .ok()
            .and_then(|small| char::from_digit(small, 10))
        {
            Some(digit) => out.write_char(digit),
            None => write!(out, "{}", decimal.exponent),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Number({})", self.text)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Number {
        Number {
            text: number.to_string().into(),
        }
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Number {
        Number {
            text: number.to_string().into(),
        }
    }
}

/// How many bytes at the start of `text` are one number in JSON syntax.
pub(crate) fn scan(text: &[u8]) -> Option<usize> {
    let mut at = usize::from(text.first() == Some(&b'-'));
    at = match text.get(at)? {
        b'0' => at + 1,
        b'1'..=b'9' => after_digits(text, at),
        _ => return None,
    };
    if text.get(at) == Some(&b'.') {
        at = some_digits(text, at + 1)?;
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = some_digits(text, at + 1 + usize::from(signed))?;
    }
    Some(at)
}

fn after_digits(text: &[u8], from: usize) -> usize {
    let digits = text.iter().skip(from).take_while(|byte| byte.is_ascii_digit());
    from + digits.count()
}

fn some_digits(text: &[u8], from: usize) -> Option<usize> {
    let end = after_digits(text, from);
    (end > from).then_some(end)
}

/// Floats print in full between these powers of ten, else with an exponent.
const PLAIN_FLOATS: std::ops::Range<f64> = 1e-7..1e21;

fn print(float: f64) -> String {
    if float == 0.0 {
        return "0".to_owned();
    }
    if PLAIN_FLOATS.contains(&float.abs()) {
        return float.to_string();
    }
    let text = format!("{float:e}");
    if text.contains("e-") {
        text
    } else {
        text.replace('e', "e+")
    }
}

/// A number taken apart where it stands: 0.`digits` times ten to the power of `exponent`; no digits for zero.
struct Decimal<'t> {
    negative: bool,
    digits: Digits<'t>,
    exponent: i64,
}

/// Digits before and behind the point, without the zeros around them.
struct Digits<'t> {
    head: &'t str,
    tail: &'t str,
}

impl<'t> Digits<'t> {
    fn of(whole: &'t str, fraction: &'t str) -> Digits<'t> {
        let head = whole.trim_start_matches('0');
        let tail = match head {
            "" => fraction.trim_start_matches('0'),
            _ => fraction,
        };
        match tail.trim_end_matches('0') {
            "" => Digits {
                head: head.trim_end_matches('0'),
                tail: "",
            },
            tail => Digits { head, tail },
        }
    }

    fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    fn compare(&self, other: &Digits<'_>) -> Ordering {
        if self.tail.is_empty() && other.tail.is_empty() {
            return self.head.cmp(other.head);
        }
        let own = self.head.bytes().chain(self.tail.bytes());
        own.cmp(other.head.bytes().chain(other.tail.bytes()))
    }
}

impl<'t> Decimal<'t> {
    fn of(text: &'t str) -> Decimal<'t> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let exponent = text.split_once('e').or_else(|| text.split_once('E'));
        let (mantissa, power) = exponent.unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = Digits::of(whole, fraction);
        if digits.is_empty() {
            return Decimal {
                negative: false,
                digits,
                exponent: 0,
            };
        }
        Decimal {
            negative,
            exponent: saturating_power(power).saturating_add(places_before(whole, fraction)),
            digits,
        }
    }

    fn compare(&self, other: &Decimal<'_>) -> Ordering {
        match (self.sign(), other.sign()) {
            (left, right) if left != right => left.cmp(&right),
            (-1, _) => other.compare_size(self),
            _ => self.compare_size(other),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn compare_size(&self, other: &Decimal<'_>) -> Ordering {
        self.exponent
            .cmp(&other.exponent)
            .then_with(|| self.digits.compare(&other.digits))
    }

    fn to_i64(&self) -> Option<i64> {
        if self.digits.is_empty() {
            return Some(0);
        }
        let digits = i64::try_from(self.digits.len()).ok()?;
        let zeros = usize::try_from(self.exponent.checked_sub(digits)?).ok()?;
        if self.exponent > 19 {
            return None;
        }
        let sign = if self.negative { "-" } else { "" };
        let Digits { head, tail } = self.digits;
        format!("{sign}{head}{tail}{}", "0".repeat(zeros)).parse().ok()
    }
}

/// How many places the first digit that counts stands before the point; negative where it stands behind it.
fn places_before(whole: &str, fraction: &str) -> i64 {
    let length = |text: &str| i64::try_from(text.len()).unwrap_or(i64::MAX);
    match whole.trim_start_matches('0') {
        "" => length(fraction.trim_start_matches('0')) - length(fraction),
        counting => length(counting),
    }
}

/// A power of ten; what is beyond every possible number of digits is cut, which no comparison can see.
fn saturating_power(text: &str) -> i64 {
    let bound = i64::MAX / 4;
    match text.parse::<i64>() {
        Ok(power) => power.clamp(-bound, bound),
        Err(_) if text.starts_with('-') => -bound,
        Err(_) => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn only_json_syntax_is_a_number() {
        for good in [
            "0",
            "-0",
            "1",
            "10",
            "-1.5",
            "1.0",
            "1e3",
            "1E+3",
            "1.25e-7",
            "18446744073709551616",
        ] {
            assert_eq!(
                Number::parse(good).map(|number| number.to_string()),
                Some(good.to_owned())
            );
        }
        for bad in [
            "", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "nan", "inf", "NaN", " 1", "1 ", "1_000", "१",
        ] {
            assert_eq!(Number::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn comparison_is_exact() {
        use Ordering::{Equal, Greater, Less};
        for (left, right, expected) in [
            ("1", "1.0", Equal),
            ("1e3", "1000.00", Equal),
            ("-0", "0.000", Equal),
            ("0", "0e99999999999999999999999", Equal),
            ("18446744073709551615", "18446744073709551616", Less),
            ("9007199254740993", "9007199254740992", Greater),
            ("-2", "-10", Greater),
            ("-1", "1", Less),
            ("0", "-0.1", Greater),
            ("0.1", "0.09", Greater),
            ("12", "9", Greater),
            ("1e400", "1e401", Less),
            ("1e99999999999999999999999", "1e5", Greater),
            ("1e-99999999999999999999999", "0", Greater),
            ("12.5", "1.25e1", Equal),
            ("0.00125", "125e-5", Equal),
            ("100.0", "1e2", Equal),
            ("120.50", "120.49", Greater),
            ("12.5", "1249e-2", Greater),
        ] {
            assert_eq!(number(left).compare(&number(right)), expected, "{left} {right}");
            assert_eq!(
                number(right).compare(&number(left)),
                expected.reverse(),
                "{right} {left}"
            );
            let canonical = [left, right].map(|text| {
                let mut out = String::new();
                number(text).write_canonical(&mut out).unwrap();
                out
            });
            assert_eq!(canonical[0] == canonical[1], expected == Equal, "{left} {right}");
        }
    }

    #[test]
    fn integers_are_what_is_integral() {
        for (text, expected) in [
            ("3", Some(3)),
            ("3.0", Some(3)),
            ("-3e2", Some(-300)),
            ("0.5e1", Some(5)),
            ("0", Some(0)),
            ("-0.0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e999999999999", None),
            ("1e-999999999999", None),
            ("3.5", None),
        ] {
            assert_eq!(number(text).as_i64(), expected, "{text}");
        }
    }

    #[test]
    fn floats_print_short() {
        for (float, expected) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1.5, "1.5"),
            (-2.0, "-2"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (1.25e-9, "1.25e-9"),
        ] {
            let printed = Number::from_f64(float).unwrap();
            assert_eq!(printed.as_str(), expected);
            assert_eq!(Number::parse(expected), Some(printed.clone()));
            assert_eq!(printed.as_f64(), float);
        }
        assert_eq!([f64::NAN, f64::INFINITY].map(Number::from_f64), [None, None]);
    }

    #[test]
    fn the_sign_turns() {
        for (text, expected) in [
            ("1.0", "-1.0"),
            ("-1.0", "1.0"),
            ("0", "0"),
            ("-0.0", "-0.0"),
            ("1e9", "-1e9"),
        ] {
            assert_eq!(number(text).negated().as_str(), expected);
        }
        assert_eq!(
            [Number::from(i64::MIN), Number::from(u64::MAX)],
            [number("-9223372036854775808"), number("18446744073709551615")]
        );
    }
}
