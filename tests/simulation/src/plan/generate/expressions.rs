//! Expressions by the kind of value that they yield, mostly.

use stepwell_expression::Value;

use super::{Making, Place};
use crate::plan::{Comparison, Expr, Function, Root, Template};

impl Making {
    /// A constructor of a few keys that other expressions read.
    pub(super) fn constructor(&self, place: Place, output: Option<&Expr>) -> Template {
        let mut entries = vec![("n".to_owned(), self.number(place, output))];
        if self.once_in(3) {
            entries.push(("s".to_owned(), self.text(output)));
        }
        if self.once_in(5) {
            entries.push(("u".to_owned(), Expr::Call(Function::Uuid, Vec::new())));
        }
        if self.once_in(4) {
            entries.push(("b".to_owned(), self.condition(place)));
        }
        if self.once_in(4) {
            entries.push(("items".to_owned(), self.list(place, output)));
        }
        if self.once_in(4) {
            entries.push(("o".to_owned(), self.object(output)));
        }
        if self.once_in(6) {
            entries.push(("t".to_owned(), self.large_part()));
        }
        let built = entries.into_iter().map(|(key, expr)| (key, Template::Computed(expr)));
        Template::Object(built.collect())
    }

    /// A part of the input that is large where it is there.
    fn large_part(&self) -> Expr {
        match self.below(4) {
            0 => Expr::path(Root::ExecutionInput, &["t"]),
            1 => Expr::path(Root::ExecutionInput, &["many"]),
            _ => Expr::path(Root::Input, &["t"]),
        }
    }

    /// A number, or null where there is none.
    pub(super) fn number(&self, place: Place, output: Option<&Expr>) -> Expr {
        match (self.below(14), output) {
            (0, _) => Expr::number(self.below(12)),
            (1, _) => Expr::path(Root::Global, &["n"]),
            (2, _) => Expr::path(Root::RetryCount, &[]),
            (3, _) if place.is_in_map => Expr::path(Root::Index, &[]),
            (4, _) => Expr::path(Root::ExecutionInput, &["n"]),
            (5, _) if self.once_in(2) => self.sum(Expr::path(Root::Input, &["n"])),
            (5, _) => self.sum(Expr::path(Root::RetryCount, &[])),
            (6, _) if self.once_in(3) => Expr::Call(Function::Length, vec![Expr::path(Root::Input, &["items"])]),
            (6, _) => Expr::Call(Function::Length, vec![Expr::path(Root::ExecutionInput, &["items"])]),
            (7, _) => {
                let items = Expr::path(Root::ExecutionInput, &["items"]);
                Expr::Call(Function::Get, vec![items, Expr::number(self.below(5))])
            }
            (8 | 9, Some(Expr::Path(root, keys))) => {
                let keys: Vec<&str> = keys.iter().map(String::as_str).chain(["n"]).collect();
                Expr::path(*root, &keys)
            }
            (10, _) => Expr::path(Root::Input, &[]),
            _ => Expr::path(Root::Input, &["n"]),
        }
    }

    fn sum(&self, number: Expr) -> Expr {
        Expr::Call(Function::IntAdd, vec![number, Expr::number(1 + self.below(3))])
    }

    fn text(&self, output: Option<&Expr>) -> Expr {
        match (self.below(6), output) {
            (0, _) => Expr::Literal(Value::from("written")),
            (1, _) => Expr::path(Root::Name, &[]),
            (2, _) => Expr::path(Root::ErrorCode, &[]),
            (3, _) => {
                let pattern = Expr::Literal(Value::from("{} after {}"));
                let arguments = [Expr::path(Root::Name, &[]), Expr::path(Root::RetryCount, &[])];
                Expr::Call(Function::Format, std::iter::once(pattern).chain(arguments).collect())
            }
            _ => Expr::path(Root::Input, &["s"]),
        }
    }

    fn list(&self, place: Place, output: Option<&Expr>) -> Expr {
        match self.below(4) {
            0 => Expr::path(Root::Input, &["items"]),
            1 => Expr::path(Root::Output, &["Items"]).allowed(output),
            2 => Expr::path(Root::ExecutionInput, &["items"]),
            _ => Expr::Call(
                Function::ToArray,
                vec![self.number(place, output), self.number(place, output)],
            ),
        }
    }

    fn object(&self, output: Option<&Expr>) -> Expr {
        match (self.below(6), output) {
            (0, Some(output)) => output.clone(),
            (1, _) => Expr::path(Root::Global, &[]),
            (2, _) => Expr::path(Root::ExecutionInput, &[]),
            (3, _) if self.once_in(2) => Expr::Call(
                Function::JsonMerge,
                vec![Expr::path(Root::ExecutionInput, &[]), Expr::path(Root::Global, &[])],
            ),
            (4, _) => Expr::path(Root::Input, &["o"]),
            _ => Expr::path(Root::Input, &[]),
        }
    }

    /// What is true or false.
    pub(super) fn condition(&self, place: Place) -> Expr {
        match self.below(10) {
            0 => Expr::path(Root::Input, &["b"]),
            1 => Expr::Not(Box::new(self.comparison(place))),
            2 => Expr::Both(Box::new(self.comparison(place)), Box::new(self.comparison(place))),
            3 => Expr::Either(Box::new(self.comparison(place)), Box::new(self.comparison(place))),
            4 => Expr::Call(
                Function::ArrayContains,
                vec![
                    Expr::path(Root::ExecutionInput, &["items"]),
                    Expr::number(self.below(9)),
                ],
            ),
            _ => self.comparison(place),
        }
    }

    fn comparison(&self, place: Place) -> Expr {
        let comparisons = [
            Comparison::Equal,
            Comparison::Unequal,
            Comparison::Less,
            Comparison::LessOrEqual,
            Comparison::Greater,
            Comparison::GreaterOrEqual,
        ];
        let (left, right) = match self.below(5) {
            0 => (
                Expr::path(Root::Input, &["s"]),
                Expr::Literal(Value::from(*self.pick(&["a", "7"], &"a"))),
            ),
            1 => (
                Expr::path(Root::Global, &["n"]),
                Expr::path(Root::ExecutionInput, &["n"]),
            ),
            2 if place.is_in_map => (Expr::path(Root::Index, &[]), Expr::number(self.below(4))),
            _ => (Expr::path(Root::ExecutionInput, &["n"]), Expr::number(self.below(6))),
        };
        let comparison = *self.pick(&comparisons, &Comparison::Equal);
        Expr::Compare(comparison, Box::new(left), Box::new(right))
    }
}

impl Expr {
    /// The expression where `$Output` may be read; otherwise nothing of use.
    fn allowed(self, output: Option<&Expr>) -> Self {
        match output {
            Some(_) => self,
            None => Expr::path(Root::Input, &["items"]),
        }
    }
}
