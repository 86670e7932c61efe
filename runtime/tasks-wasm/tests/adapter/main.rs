//! The adapter on real wasmtime with real guests, as `cargo xtask guests` builds them.

#[cfg(test)]
mod components;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod media;
#[cfg(test)]
mod misbehaving;
