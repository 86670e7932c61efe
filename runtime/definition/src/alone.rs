//! An expression that stands in no flow: it is tried out.

use stepwell_expression::Expr;

use crate::CheckedFile;
use crate::checker::Checker;
use crate::source::{Source, Span};
use crate::tree::{Content, Node, Scalar, Style};
use crate::variables::Place;

/// Checks one expression, which is the whole text. `name` is what reports call it.
#[must_use]
pub fn check_expression(text: &[u8], name: &str) -> CheckedFile<Expr> {
    let (source, unfit) = Source::read(name, text);
    let mut checker = Checker::new(&source);
    let content = match unfit {
        Some(diagnostic) => {
            checker.tell(diagnostic);
            None
        }
        None => checker.expression(&whole(&source), Place::Alone),
    };
    let diagnostics = checker.diagnostics;
    CheckedFile {
        content: content.filter(|_| !diagnostics.refuse()),
        diagnostics: diagnostics.finish(),
        source,
    }
}

/// The text as the scalar that it would be in a flow.
fn whole(source: &Source) -> Node {
    Node {
        span: Span::new(0, source.text().len()),
        content: Content::Scalar(Scalar {
            text: source.text().into(),
            style: Style::Plain,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &[u8]) -> (bool, Vec<(&'static str, usize, usize)>) {
        let checked = check_expression(text, "expression");
        let told = checked.diagnostics.iter();
        let told = told.map(|told| (told.code(), told.span.start, told.span.end));
        (checked.content.is_some(), told.collect())
    }

    #[test]
    fn mistakes_stand_where_they_are_and_every_variable_may_be_there() {
        assert_eq!(told(b"length($Output.a) > $Item"), (true, vec![]));
        assert_eq!(told(b"$Context.Current.TaskToken"), (true, vec![]));
        assert_eq!(
            told(b"1 < $Inptu.a"),
            (false, vec![("definition::unknown_variable", 4, 12)])
        );
        let (fine, told_of) = told(b"1 + ");
        assert_eq!(
            (fine, told_of.first().map(|told| told.0)),
            (false, Some("definition::bad_expression"))
        );
        assert_eq!(told(b"a\0"), (false, vec![("definition::nul_byte", 1, 2)]));
    }
}
