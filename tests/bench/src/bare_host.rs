//! The same component in a host that knows wasmtime and nothing else.
//!
//! **Invariant:** the settings of the engine are those of `stepwell-tasks-wasm` (`machine.rs` there); no grants, no limits
//! of memory or time, no log, no other thread.

use stepwell_tasks_wasm::Pool;
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Component, Linker, ResourceTable, ResourceType, Val};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store, StoreContextMut, format_err,
};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

wasmtime::component::bindgen!({
    path: "../../sdk-guest/wit",
    inline: "
        package stepwell:bare;

        world bare {
            use stepwell:task/types@0.1.0.{context, failure};
            export run: func(operation: string, input: string, context: context) -> result<string, failure>;
        }
    ",
    world: "stepwell:bare/bare",
    exports: { default: async },
    require_store_data_send: true,
});

/// What a guest's imports work on.
struct Data {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    door: NoDoor,
    table: ResourceTable,
}

/// Sends nothing.
struct NoDoor;

type Done = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(http::Response<WasiBody>, Done), Error>;

impl WasiHttpHooks for NoDoor {
    fn send_request(
        &mut self,
        _request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _sent: Done,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        Box::new(std::future::ready(Err(Error::InternalError(None))))
    }
}

impl WasiHttpView for Data {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.door,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

impl WasiView for Data {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// A component, ready to be instantiated.
pub struct BareHost {
    engine: Engine,
    pre: BarePre<Data>,
}

impl std::fmt::Debug for BareHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BareHost").finish_non_exhaustive()
    }
}

impl BareHost {
    /// Compiles and links a component.
    #[must_use]
    pub fn open(bytes: &[u8], pool: Pool) -> Self {
        let engine = Engine::new(&config(pool)).unwrap();
        let component = Component::from_binary(&engine, bytes).unwrap();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        offer_nothing(&mut linker).unwrap();
        let pre = BarePre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        Self { engine, pre }
    }

    /// Instantiates, calls, drops.
    pub async fn call(&self, operation: &str, input: &str) -> String {
        let data = Data {
            wasi: WasiCtxBuilder::new().build(),
            http: WasiHttpCtx::new(),
            door: NoDoor,
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&self.engine, data);
        store.set_epoch_deadline(1);
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let answer = instance.call_run(&mut store, operation, input, &context()).await;
        answer.unwrap().unwrap()
    }
}

/// What only the world of a task has; the measured operations call none of it.
fn offer_nothing(linker: &mut Linker<Data>) -> wasmtime::Result<()> {
    linker.instance("stepwell:task/types@0.1.0")?;
    let absent = |_: StoreContextMut<'_, Data>, _: ComponentFunc, _: &[Val], _: &mut [Val]| Err(format_err!("absent"));
    linker.instance("stepwell:task/log@0.1.0")?.func_new("log", absent)?;
    let mut objects = linker.instance("stepwell:task/objects@0.1.0")?;
    objects.resource("writer", ResourceType::host::<u32>(), |_, _| Ok(()))?;
    for name in [
        "stat",
        "list",
        "read",
        "create",
        "[method]writer.write",
        "[static]writer.finish",
    ] {
        objects.func_new(name, absent)?;
    }
    Ok(())
}

fn context() -> Context {
    Context {
        flow: "bench".into(),
        execution: "one".into(),
        state: "Echo".into(),
        attempt: 1,
        visit_key: "visit".into(),
        attempt_key: "visit/1".into(),
        deadline_ms: None,
    }
}

fn config(pool: Pool) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .consume_fuel(false)
        .max_wasm_stack(512 * 1024)
        .async_stack_size(2 * 1024 * 1024)
        .allocation_strategy(match pool {
            Pool::OnDemand(_) => InstanceAllocationStrategy::OnDemand,
            Pool::Reserved(guests) => InstanceAllocationStrategy::Pooling(pooling(guests)),
        });
    config
}

fn pooling(guests: u32) -> PoolingAllocationConfig {
    let mut pooling = PoolingAllocationConfig::new();
    pooling
        .total_component_instances(guests)
        .total_stacks(guests)
        .total_memories(guests.max(4))
        .total_core_instances(guests * 60)
        .total_tables(guests * 20)
        .max_memories_per_component(4)
        .max_core_instances_per_component(60)
        .max_tables_per_component(20)
        .max_tables_per_module(20)
        .max_memories_per_module(4)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(100_000)
        .max_memory_size(1 << 32)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pooling
}
