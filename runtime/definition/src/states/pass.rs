//! Pass: nothing but its constructors.

use stepwell_model::Kind;

pub(super) fn lower() -> Kind {
    Kind::Pass
}
