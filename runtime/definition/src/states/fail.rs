//! Fail: ends its scope badly.

use stepwell_expression::Value;
use stepwell_model::{Fail, Kind, Scalar};

use crate::checker::Checker;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::fields::{Field, Takes};
use crate::scope::{Member, Scope};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Code", Takes::Text, "The code of the error; absent = FnF.Fail.").computable(),
    Field::new("Detail", Takes::Text, "What happened.").computable(),
];

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Kind {
    scope.ends(member.index);
    for name in ["OutputConstructor", "GlobalConstructor"] {
        if let Some(found) = member.fields.find(name) {
            let message = format!("the `{name}` of a Fail never runs: the state ends with an error");
            let help = "put what is to be told into `Detail.$`, or into the Catch rule that takes the error";
            checker.tell(Diagnostic::new(&codes::NEVER_RUNS, found.key.span, message).help(help));
        }
    }
    let code = checker.text_or_computed(&member.fields, "Code");
    let detail = checker.text_or_computed(&member.fields, "Detail");
    if let Some(Scalar::Fixed(Value::String(code))) = &code {
        checker.raised.insert(code.clone());
    }
    Kind::Fail(Fail { code, detail })
}
