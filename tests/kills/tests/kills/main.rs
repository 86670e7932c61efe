//! Processes that drive executions over the embedded store and are killed with SIGKILL at any moment; see `README.md`.

#[cfg(test)]
mod case;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod driven;
#[cfg(test)]
mod parent;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod verdict;
#[cfg(test)]
mod witness;

#[cfg(test)]
mod rounds;
