//! Succeed: ends its scope well.

use stepwell_model::Kind;

use crate::scope::{Member, Scope};

pub(super) fn lower(scope: &mut Scope, member: &Member<'_>) -> Kind {
    scope.ends(member.index);
    Kind::Succeed
}
