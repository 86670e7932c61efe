//! The engine in a world that owns time.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod published;
