//! What belongs to one guest: everything that its imports work on, gone with the attempt.
//!
//! **Invariant:** environment, arguments, files and sockets are empty; nothing here is shared between two attempts but
//! what the host's ports share.

use std::sync::Arc;

use stepwell_egress::{Asker, Outbound, Policy, Redirects};
use stepwell_ports::{Call, Objects};
use wasmtime::component::{HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Result};
use wasmtime_wasi::p2::bindings::clocks::{monotonic_clock, wall_clock};
use wasmtime_wasi::p2::bindings::io::poll;
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::clocks::{Clocks, ClocksView, GuestClock};
use crate::http::HttpDoor;
use crate::log::{LogStream, Stream};
use crate::memory::MemoryLimit;
use crate::objects::{GrantOf, ObjectsDoor};
use crate::observed::Observed;
use crate::random::{GuestRandom, Random};
use crate::world;

/// The most resources (streams, pollables, requests, writers …) that a guest may hold.
pub(crate) const HANDLES_MAX: usize = 4_096;

/// The data of one guest's store.
pub(crate) struct Guest {
    pub(crate) table: ResourceTable,
    pub(crate) observed: Arc<Observed>,
    pub(crate) memory: MemoryLimit,
    pub(crate) objects: ObjectsDoor,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    door: HttpDoor,
    clock: GuestClock,
    random: GuestRandom,
}

/// What the host puts within reach of guests, grants permitting.
#[derive(Clone)]
pub(crate) struct Reach {
    pub(crate) objects: Option<Arc<dyn Objects>>,
    pub(crate) outbound: Option<Arc<dyn Outbound>>,
}

/// The bounds of one guest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) memory_bytes: usize,
    pub(crate) time_ms: u64,
}

impl Guest {
    pub(crate) fn new(call: &Call, function: &Arc<str>, reach: Reach, bounds: Bounds, observed: Arc<Observed>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES_MAX);
        Self {
            table,
            memory: MemoryLimit::new(bounds.memory_bytes, Arc::clone(&observed)),
            objects: objects_door(call, function, reach.objects),
            wasi: wasi(&observed),
            http: WasiHttpCtx::new(),
            door: HttpDoor::new(reach.outbound, policy(call, function), bounds.time_ms),
            clock: GuestClock::new(call.scheduled_ms),
            random: GuestRandom::new(&call.attempt_key),
            observed,
        }
    }
}

fn objects_door(call: &Call, function: &Arc<str>, store: Option<Arc<dyn Objects>>) -> ObjectsDoor {
    ObjectsDoor {
        store,
        granted: Arc::new(call.granted.clone()),
        grant_of: GrantOf {
            flow: Arc::clone(&call.flow),
            action: Arc::clone(&call.action),
            function: Arc::clone(function),
        },
        writers: 0,
    }
}

fn policy(call: &Call, function: &Arc<str>) -> Arc<Policy> {
    let asker = Asker {
        flow: Arc::clone(&call.flow),
        action: Arc::clone(&call.action),
        function: Some(Arc::clone(function)),
    };
    Arc::new(Policy::of_grants(&call.granted, asker, Redirects::Return))
}

fn wasi(observed: &Arc<Observed>) -> WasiCtx {
    let stream = |stream| LogStream {
        stream,
        observed: Arc::clone(observed),
    };
    WasiCtxBuilder::new()
        .stdout(stream(Stream::Stdout))
        .stderr(stream(Stream::Stderr))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.door,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl world::types::Host for Guest {}

/// What guests may import: WASI, with our own clocks, polling and random numbers in place of the stock ones.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<Guest>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    linker.allow_shadowing(true);
    wall_clock::add_to_linker::<_, Clocks>(&mut linker, clocks)?;
    monotonic_clock::add_to_linker::<_, Clocks>(&mut linker, clocks)?;
    poll::add_to_linker::<_, Clocks>(&mut linker, clocks)?;
    random::add_to_linker::<_, Random>(&mut linker, |guest| &mut guest.random)?;
    insecure::add_to_linker::<_, Random>(&mut linker, |guest| &mut guest.random)?;
    insecure_seed::add_to_linker::<_, Random>(&mut linker, |guest| &mut guest.random)?;
    linker.allow_shadowing(false);
    world::types::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    world::log::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    world::objects::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
    Ok(linker)
}

fn clocks(guest: &mut Guest) -> ClocksView<'_> {
    ClocksView {
        clock: &mut guest.clock,
        table: &mut guest.table,
    }
}
