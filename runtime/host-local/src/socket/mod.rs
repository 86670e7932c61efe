//! The socket beside a store: how other processes reach the one that holds it.

mod client;
mod lines;
mod place;
mod server;

pub(crate) use client::Connection;
pub(crate) use server::{Served, Server};
