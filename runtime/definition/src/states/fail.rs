//! Fail: ends its scope badly.

use stepwell_model::{Fail, Kind};

use crate::checker::Checker;
use crate::fields::{Field, Takes};
use crate::scope::{Member, Scope};

pub(super) const FIELDS: &[Field] = &[
    Field::new("Code", Takes::Text, "The code of the error; absent = FnF.Fail.").computable(),
    Field::new("Detail", Takes::Text, "What happened.").computable(),
];

pub(super) fn lower(checker: &mut Checker<'_>, scope: &mut Scope, member: &Member<'_>) -> Kind {
    scope.ends(member.index);
    let code = checker.text_or_computed(&member.fields, "Code");
    let detail = checker.text_or_computed(&member.fields, "Detail");
    Kind::Fail(Fail { code, detail })
}
