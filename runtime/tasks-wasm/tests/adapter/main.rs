//! The adapter on real wasmtime with real guests, as `cargo xtask guests` builds them.
//!
//! Without the feature `compiler` only what was packaged can run: `packaged` then runs the package that
//! `STEPWELL_PACKAGE` names, as `cargo xtask nightly package` builds it.

#[cfg(test)]
#[cfg(feature = "compiler")]
mod components;
#[cfg(test)]
#[cfg(feature = "compiler")]
mod contract;
#[cfg(test)]
#[cfg(feature = "compiler")]
mod deployed;
#[cfg(test)]
#[cfg_attr(
    not(feature = "compiler"),
    expect(dead_code, reason = "most of it is for components that are compiled here")
)]
mod guests;
#[cfg(test)]
#[cfg(feature = "compiler")]
mod media;
#[cfg(test)]
#[cfg(feature = "compiler")]
mod misbehaving;
#[cfg(test)]
#[cfg(not(feature = "compiler"))]
mod packaged;
