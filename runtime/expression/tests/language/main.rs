//! The language as its users see it: every operator, function, coercion and bound, through the public interface.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod coercions;
#[cfg(test)]
mod functions;
#[cfg(test)]
mod grammar;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod pointers;
#[cfg(test)]
mod soup;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod values;
#[cfg(test)]
mod world;
