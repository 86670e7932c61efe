//! Expressions in a file: where their mistakes stand, and which variables they read.
//!
//! **Invariant:** whether an expression is right is decided by the expression crate; here it gets its place in the file
//! and is held against what can be read there.

use stepwell_expression::{Expr, ParseError, Path, PathStep, Step, Trials, Yields};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::{Diagnostic, shown};
use crate::fields::Found;
use crate::listing::{all_of, there_are};
use crate::source::Span;
use crate::syntax::in_quotes;
use crate::tree::Node;
use crate::variables::{Availability, CONTEXT, ContextField, Place, VARIABLES, newer_name};

/// Where the text of a scalar stands, so that a part of it can be pointed at.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// Where its first byte stands, if its text stands in the file letter by letter.
    first: Option<usize>,
    whole: Span,
}

impl Origin {
    fn part(self, offset: usize, length: usize) -> Span {
        self.first
            .map_or(self.whole, |first| Span::new(first + offset, first + offset + length))
    }
}

impl Checker<'_> {
    /// The expression in a field that is one by nature, such as `Condition`.
    pub(crate) fn expression_of(&mut self, found: Found<'_>, place: Place) -> Option<Expr> {
        if matches!(found.value.kind(), "a map" | "a list" | "null") {
            self.wrong_type(found, "an expression");
            return None;
        }
        let role = match &*found.key.text {
            "ItemsPath" => Role::Items,
            "Condition" => Role::Condition,
            _ => Role::Field,
        };
        let expr = self.parsed(found.value, place, role)?;
        self.check_use(&expr, found.value.span, role);
        Some(expr)
    }

    /// The expression that a scalar's text is, under a key with `.$`.
    pub(crate) fn expression(&mut self, node: &Node, place: Place) -> Option<Expr> {
        self.parsed(node, place, Role::Computed)
    }

    fn parsed(&mut self, node: &Node, place: Place, role: Role) -> Option<Expr> {
        let scalar = node.scalar()?;
        let origin = self.origin(node);
        if !self.has_room() {
            // Whatever more is found would not be shown.
            self.trials = Trials::none();
        }
        match Expr::parse_whole(&scalar.text, &mut self.trials) {
            Ok(expr) => {
                self.check_paths(&expr, origin, place);
                self.check_notes(&expr, origin);
                Some(expr)
            }
            Err(mistakes) => {
                for mistake in &mistakes {
                    self.bad_expression(mistake, origin, &scalar.text, place, role);
                }
                None
            }
        }
    }

    /// Whether what an expression yields is what it is there for, where that is known.
    fn check_use(&mut self, expr: &Expr, span: Span, role: Role) {
        let Some(yields) = expr.yields() else { return };
        let (message, help) = match role {
            Role::Items if yields != Yields::Array => (
                format!("this yields {}, and a Map needs an array", yields.name()),
                "write a path such as `$Input.items`, or a function that yields an array",
            ),
            Role::Condition if expr.is_never_condition() => (
                format!("this yields {}, which is neither true nor false", yields.name()),
                "compare it with something, such as `$Input.key == \"text\"`",
            ),
            Role::Items | Role::Condition | Role::Computed | Role::Field => return,
        };
        self.tell(Diagnostic::new(&codes::BAD_EXPRESSION, span, message).help(help));
    }

    fn origin(&self, node: &Node) -> Origin {
        let text = node.scalar().map(|scalar| &*scalar.text).unwrap_or_default();
        let written = self.source.slice(node.span);
        let first = if written == text {
            Some(node.span.start)
        } else if written.len() == text.len() + 2 && written.get(1..=text.len()) == Some(text) {
            Some(node.span.start + 1)
        } else {
            None
        };
        Origin {
            first,
            whole: node.span,
        }
    }

    fn bad_expression(&mut self, error: &ParseError, origin: Origin, text: &str, place: Place, role: Role) {
        let span = origin.part(error.offset, error.length);
        let diagnostic = Diagnostic::new(&codes::BAD_EXPRESSION, span, error.message.clone());
        let older = text
            .starts_with("$.")
            .then(|| "`$.` belongs to the older dialect; write `$Input.`".to_owned());
        let input = || part_of_input(error, text, place, role);
        let quote = || self.text_without_quotes(error, origin, text, role);
        let cut = || self.cut_off(error, origin);
        let help = older
            .or_else(input)
            .or_else(quote)
            .or_else(cut)
            .or_else(|| error.help.clone());
        self.tell(diagnostic.help(help.unwrap_or_else(|| mend(error, text))));
    }

    /// `$Input.b == "a #1"` without quotes: what stands behind ` #` is a comment.
    fn cut_off(&self, error: &ParseError, origin: Origin) -> Option<String> {
        let line = self.source.line_of(origin.whole.start);
        let end = self.source.line_start(line) + self.source.line(line).len();
        let behind = self.source.slice(Span::new(origin.whole.end, end));
        if error.message != UNCLOSED || !behind.trim_start().starts_with('#') {
            return None;
        }
        let meant = self.source.slice(Span::new(origin.whole.start, end)).trim_end();
        let quoted = shown(&in_quotes(meant));
        Some(format!(
            "YAML cuts a text off before ` #`; put the whole into quotes: {quoted}"
        ))
    }

    /// How a text is written that was meant to be one, and is read as an expression.
    fn text_without_quotes(&self, error: &ParseError, origin: Origin, text: &str, role: Role) -> Option<String> {
        const CHARACTERS_MAX: usize = 40;
        error.help.as_ref().filter(|help| help.starts_with(QUOTE_IT))?;
        let punctuation = |letter: char| matches!(letter, ' ' | '.' | ',' | ';' | ':' | '!' | '_' | '-' | '/');
        let plain = text
            .chars()
            .all(|letter| letter.is_alphanumeric() || punctuation(letter));
        if !plain || text.chars().nth(CHARACTERS_MAX).is_some() {
            return None;
        }
        let in_quotes = self.source.slice(origin.whole).starts_with(['"', '\'']);
        let quoted = match (in_quotes, self.source.is_json()) {
            (false, _) => return Some(format!("{QUOTE_IT}: \"{text}\"")),
            (true, true) => format!("\"'{text}'\""),
            (true, false) => format!("'\"{text}\"'"),
        };
        Some(match role {
            Role::Computed => format!("the quotes are those of the file: write `{quoted}`, or drop `.$`"),
            Role::Field | Role::Items | Role::Condition => {
                format!("the quotes are those of the file: write `{quoted}`")
            }
        })
    }

    fn check_notes(&mut self, expr: &Expr, origin: Origin) {
        for note in expr.notes() {
            let span = origin.part(note.offset, note.length);
            let help = "it works here, but perhaps not in CloudFlow";
            self.tell(Diagnostic::new(&codes::UNDOCUMENTED, span, note.message).help(help));
        }
    }

    fn check_paths(&mut self, expr: &Expr, origin: Origin, place: Place) {
        for path in expr.paths() {
            let span = origin.part(path.offset, path.length);
            let name = format!("${}", path.name);
            match place.availability(&path.name) {
                Availability::Readable => {
                    self.check_context(path, span, place);
                    self.check_result(path, span, place);
                    self.check_minus(expr.source(), path, span);
                }
                Availability::AlwaysNull => {
                    let message = format!("{} is always null in a Catch rule: the state has failed", shown(&name));
                    let help = "what went wrong is in `$Context.Current.Error`, what the state was given in `$Input`";
                    self.tell(Diagnostic::new(&codes::ALWAYS_NULL, span, message).help(help));
                }
                Availability::NotHere => self.not_here(&name, span),
                Availability::Unknown => self.unknown_variable(path, &name, span),
            }
        }
    }

    /// Parts of a result that its action never has.
    fn check_result(&mut self, path: &Path, span: Span, place: Place) {
        let (Some(result), Some(PathStep::One(Step::Key(key)))) = (self.result, path.steps.first()) else {
            return;
        };
        if place != Place::Output || &*path.name != "Output" || result.parts.contains(&&**key) {
            return;
        }
        let message = format!("{} is always null here", shown(&format!("$Output.{key}")));
        let parts = all_of(result.parts);
        let help = match result.parts.contains(&"Body") {
            true => format!(
                "the result of `{}` has {parts}; did you mean `$Output.Body.{key}`?",
                result.action
            ),
            false => format!("the result of `{}` has {parts}", result.action),
        };
        self.tell(Diagnostic::new(&codes::ALWAYS_NULL, span, message).help(help));
    }

    /// `$Input.total-1` is the key `total-1`.
    fn check_minus(&mut self, text: &str, path: &Path, span: Span) {
        let written = text.get(path.offset..path.offset + path.length).unwrap_or_default();
        let Some(PathStep::One(Step::Key(key))) = path.steps.last() else {
            return;
        };
        let Some((name, digits)) = key.rsplit_once('-') else {
            return;
        };
        let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let Some(before) = written
            .strip_suffix(&format!(".{key}"))
            .filter(|_| number && !name.is_empty())
        else {
            return;
        };
        let message = format!("{} is a key, not a subtraction", shown(key));
        let (difference, kept) = (format!("{before}.{name} - {digits}"), format!("{before}[\"{key}\"]"));
        let help = format!(
            "to subtract, write {}; for the key, {}",
            shown(&difference),
            shown(&kept)
        );
        self.tell(Diagnostic::new(&codes::MINUS_IN_KEY, span, message).help(help));
    }

    fn not_here(&mut self, name: &str, span: Span) {
        let message = format!("{} is not available here", shown(name));
        let help = match name {
            "$Item" => "`$Item` is the raw item in a Map's ItemConstructor; inside of the Processor it is `$Input`",
            _ => "`$Output` is known only once the state is done: in OutputConstructor and GlobalConstructor",
        };
        self.tell(Diagnostic::new(&codes::VARIABLE_NOT_HERE, span, message).help(help));
    }

    fn unknown_variable(&mut self, path: &Path, name: &str, span: Span) {
        let diagnostic = Diagnostic::new(
            &codes::UNKNOWN_VARIABLE,
            span,
            format!("there is no variable {}", shown(name)),
        );
        let older = newer_name(&path.name);
        let close = self.closest(name, VARIABLES.iter().map(|variable| variable.name));
        self.tell(match (older, close) {
            (Some(newer), _) => diagnostic.help(format!(
                "{} belongs to the older dialect; here it is `{newer}`",
                shown(name)
            )),
            (None, Some(close)) => diagnostic.did_you_mean(Some(close)),
            (None, None) => {
                let names: Vec<&str> = VARIABLES.iter().map(|variable| variable.name).collect();
                diagnostic.help(there_are(&names))
            }
        });
    }

    fn check_context(&mut self, path: &Path, span: Span, place: Place) {
        if &*path.name != "Context" {
            return;
        }
        let mut fields = CONTEXT;
        let mut so_far = "$Context".to_owned();
        for step in &path.steps {
            let PathStep::One(Step::Key(key)) = step else { return };
            let Some(field) = fields.iter().find(|field| field.name == &**key) else {
                return self.unknown_context_field(&so_far, key, fields, span);
            };
            so_far = format!("{so_far}.{key}");
            if field.below.is_empty() {
                break;
            }
            fields = field.below;
        }
        if so_far == "$Context.Current.TaskToken" && !matches!(place, Place::Parameters | Place::Alone) {
            let message = "`$Context.Current.TaskToken` is always null here";
            let help = "the token is there only in the Parameters of a Task; pass it on from there";
            self.tell(Diagnostic::new(&codes::ALWAYS_NULL, span, message).help(help));
        }
    }

    fn unknown_context_field(&mut self, so_far: &str, key: &str, fields: &[ContextField], span: Span) {
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let close = self.closest(key, names.iter().copied());
        let message = format!("`{so_far}` has no field {}", shown(key));
        self.tell(match close {
            Some(close) => Diagnostic::new(&codes::MISSPELT_CONTEXT_FIELD, span, message).did_you_mean(Some(close)),
            None => Diagnostic::new(&codes::UNKNOWN_CONTEXT_FIELD, span, format!("{message}; it is null"))
                .help(format!("it has {}", all_of(&names))),
        });
    }
}

/// What an expression is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Its key says with `.$` that it is one.
    Computed,
    /// The items of a Map.
    Items,
    /// When a branch of a Choice is taken.
    Condition,
    /// Another field that is an expression by nature.
    Field,
}

/// `items`: a word that can only have been meant as a part of the input, where a text or the variable that it is close to
/// would be of no use.
fn part_of_input(error: &ParseError, text: &str, place: Place, role: Role) -> Option<String> {
    let help = error.help.as_deref()?;
    let word = text.get(error.offset..error.offset + error.length)?;
    let variable = help
        .strip_prefix("did you mean `$")
        .and_then(|rest| rest.strip_suffix("`?"));
    let useless = match variable.map(|variable| variable.split('.').next().unwrap_or_default()) {
        Some(name) => place.availability(name) != Availability::Readable,
        None => role == Role::Items && help.starts_with(QUOTE_IT) && word == text.trim(),
    };
    useless.then(|| format!("did you mean {}?", shown(&format!("$Input.{word}"))))
}

/// What the parser says of a word that may have been meant as a text.
const QUOTE_IT: &str = "put text into quotes";

/// What the parser says of a text without an end.
const UNCLOSED: &str = "the text has no closing quote";

/// What to do about a mistake for which the parser knows no better.
fn mend(error: &ParseError, text: &str) -> String {
    let help = if text.trim().is_empty() {
        "write a path such as `$Input.key`, a literal, or a call of a function"
    } else if error.message.contains("nested") {
        "compute a part of it in the constructor of an earlier state"
    } else if error.offset >= text.len() {
        "the expression stops too early; write what is missing at its end"
    } else if let Some(help) = mend_arguments(&error.message) {
        return help;
    } else if error.message.contains("reference to a group") {
        "RE2 has no references to groups; write what is to be repeated once more"
    } else if error.message.contains("regular expression") {
        "write it in RE2 syntax; a bracket that means itself is written as `[(]`"
    } else if error.message.starts_with("expected") {
        "an expression is a path such as `$Input.key`, a literal, a comparison or a call of a function"
    } else if error.message == UNCLOSED {
        "close the text with the quote that it begins with"
    } else if error.message.contains("escape")
        || error.message.contains("hexadecimal")
        || error.message.contains("surrogate")
    {
        "a text knows the escapes of JSON, such as `\\n` and `\\u00e9`; for a backslash itself write `\\\\`"
    } else if error.message == "unexpected `.`" {
        "a number has a digit before its point, such as `0.5`; a path begins with a variable, such as `$Input.key`"
    } else if error.message.starts_with("unexpected") {
        "remove what is marked, or put text into quotes"
    } else if error.message.contains("longer than") {
        "compute a part of it in the constructor of an earlier state"
    } else {
        "it would fail every time; change what is marked"
    };
    help.to_owned()
}

/// What to do about arguments that do not fit, from what the parser says of them.
fn mend_arguments(message: &str) -> Option<String> {
    if let Some((_, kind)) = message
        .strip_prefix("argument ")
        .and_then(|rest| rest.split_once(" must be "))
    {
        let wanted = kind.split(", not").next().unwrap_or(kind);
        return Some(format!("write {wanted} there, or a path that leads to one"));
    }
    let (_, numbers) = message.split_once("` takes ")?;
    let (wanted, given) = numbers.split_once(", not ")?;
    let least = wanted.trim_start_matches("at least ").split(' ').next()?;
    let few = given.parse::<usize>().ok()? < least.parse::<usize>().ok()?;
    Some(match (few, least) {
        (true, _) => {
            "write the arguments that are missing between the parentheses, with commas between them".to_owned()
        }
        (false, "0") => "remove what stands between the parentheses".to_owned(),
        (false, "1") => "keep the first, or put what belongs together into `[…]`".to_owned(),
        (false, _) => format!("keep the first {least}, or put what belongs together into `[…]`"),
    })
}

/// Whether an expression reads the task token.
pub(crate) fn reads_token(expr: &Expr) -> bool {
    let wanted = ["Current", "TaskToken"];
    expr.paths()
        .into_iter()
        .filter(|path| &*path.name == "Context")
        .any(|path| {
            path.steps.iter().zip(wanted).all(|(step, wanted)| match step {
                PathStep::One(Step::Key(key)) => &**key == wanted,
                PathStep::One(Step::Index(_)) => false,
                PathStep::Every => true,
            })
        })
}
