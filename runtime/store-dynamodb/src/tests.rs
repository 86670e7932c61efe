//! The conformance suites, and what only this store does; all on a real server.

mod bodies;
mod failing;
mod keeping;
mod racing;
mod units;
mod world;

use std::sync::Arc;

use stepwell_ports::{Catalogue, Log, conformance};

use crate::tests::world::World;

#[tokio::test]
async fn keeps_the_promises_of_a_shared_log() {
    let world = World::start().await;
    let open = || -> Arc<dyn Log> { Arc::new(world.store()) };
    conformance::log::shared(&open).await;
    conformance::log::shared_reopened(&open).await;
}

#[tokio::test]
async fn keeps_the_promises_of_a_shared_catalogue() {
    let world = World::start().await;
    let open = || -> Arc<dyn Catalogue> { Arc::new(world.store()) };
    conformance::catalogue::shared(&open).await;
    conformance::catalogue::all_reopened(&open).await;
}
