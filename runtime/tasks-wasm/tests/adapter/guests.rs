//! Real guests on the real adapter: finding them, calling them, and a world for them to reach.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, ready};
use stepwell_actions::{Access, Granted, HostRule, ObjectRule};
use stepwell_egress::{Destination, Limits, Outbound, OutboundError, Policy};
use stepwell_expression::Value;
use stepwell_ports::{Call, ObjectStat, ObjectWriter, Objects, ObjectsError, Outcome, TaskFailure, Tasks, Work};
use stepwell_tasks_wasm::{Digest, Pool, WasmOptions, WasmTasks};
use tempfile::TempDir;

/// When every attempt of these tests was scheduled.
pub(crate) const SCHEDULED_MS: u64 = 1_700_000_000_123;

/// The bytes of a guest that `cargo xtask guests` built.
pub(crate) fn guest(name: &str) -> Vec<u8> {
    let path = guests().join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|_| panic!("no guest `{}`: run `cargo xtask guests` first", path.display()))
}

fn guests() -> PathBuf {
    std::env::var_os("STEPWELL_GUESTS").map_or_else(built_guests, PathBuf::from)
}

fn built_guests() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    workspace.join(target).join("wasm32-wasip2/guest")
}

/// An adapter over fresh folders, with one installed component.
pub(crate) struct Bench {
    pub(crate) tasks: WasmTasks,
    pub(crate) digest: Digest,
    pub(crate) objects: MemoryObjects,
    pub(crate) folder: TempDir,
}

impl Bench {
    /// With one guest, compiled at most once for all tests.
    pub(crate) fn of_guest(component: &[u8], pool: Pool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-guests");
        let options = WasmOptions {
            pool,
            ..WasmOptions::new(folder.path().join("components"), cache)
        };
        Self::open(component, options, folder)
    }

    /// With a component and a cache of its own.
    pub(crate) fn of(component: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        Self::open(component, options, folder)
    }

    fn open(component: &[u8], options: WasmOptions, folder: TempDir) -> Self {
        let objects = MemoryObjects::default();
        let tasks = WasmTasks::open(WasmOptions {
            objects: Some(Arc::new(objects.clone())),
            outbound: Some(Arc::new(Echo)),
            ..options
        });
        let tasks = tasks.unwrap();
        let digest = tasks.install(component).unwrap();
        Self {
            tasks,
            digest,
            objects,
            folder,
        }
    }

    /// With what was deployed, which is called by its digest.
    pub(crate) fn deployed(options: WasmOptions, digest: Digest) -> Self {
        let objects = MemoryObjects::default();
        let tasks = WasmTasks::open(WasmOptions {
            objects: Some(Arc::new(objects.clone())),
            outbound: Some(Arc::new(Echo)),
            ..options
        });
        Self {
            tasks: tasks.unwrap(),
            digest,
            objects,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A call that is granted nothing.
    pub(crate) fn call(&self, operation: &str, input: &str) -> Call {
        Call {
            flow: "shop".into(),
            execution: "one".into(),
            state: "Price".into(),
            attempt: 2,
            visit_key: "visit".into(),
            attempt_key: "visit/2".into(),
            scheduled_ms: SCHEDULED_MS,
            deadline_ms: None,
            action: "FC:InvokeFunction".into(),
            work: Work::Component {
                digest: self.digest.as_str().into(),
                operation: operation.into(),
                input: Value::parse_json(input).unwrap(),
            },
            granted: Granted::default(),
            result_bytes_max: 256 * 1024,
        }
    }

    pub(crate) async fn run(&self, operation: &str, input: &str) -> Outcome {
        self.tasks.run(self.call(operation, input)).await
    }

    /// Runs it with every object of the bucket `media` and the host `api.example` granted.
    pub(crate) async fn run_granted(&self, operation: &str, input: &str) -> Outcome {
        let call = Call {
            granted: everything(),
            ..self.call(operation, input)
        };
        self.tasks.run(call).await
    }
}

pub(crate) fn options(folder: &Path) -> WasmOptions {
    WasmOptions::new(folder.join("components"), folder.join("cache"))
}

pub(crate) fn everything() -> Granted {
    Granted {
        http: vec![HostRule {
            host: "api.example".into(),
            port: None,
        }],
        objects: vec![ObjectRule {
            bucket: "media".into(),
            prefix: String::new(),
            access: Access::ReadWrite,
        }],
        ..Granted::default()
    }
}

/// The result as JSON text, or code, detail and whether a repeat may help.
pub(crate) fn told(outcome: &Outcome) -> Result<String, (String, String, bool)> {
    match &outcome.result {
        Ok(value) => Ok(value.to_json().unwrap()),
        Err(TaskFailure {
            code,
            detail,
            retryable,
        }) => Err((code.to_string(), detail.to_string(), *retryable)),
    }
}

pub(crate) fn log(outcome: &Outcome) -> Vec<&str> {
    outcome.telemetry.log.iter().map(|line| &**line).collect()
}

/// Objects in memory.
#[derive(Clone, Default)]
pub(crate) struct MemoryObjects(Arc<Mutex<Contents>>);

/// By bucket and key.
type Contents = BTreeMap<(String, String), Vec<u8>>;

impl MemoryObjects {
    pub(crate) fn put(&self, bucket: &str, key: &str, content: &[u8]) {
        self.0
            .lock()
            .unwrap()
            .insert((bucket.into(), key.into()), content.into());
    }

    pub(crate) fn content(&self, bucket: &str, key: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(&(bucket.into(), key.into())).cloned()
    }
}

impl Objects for MemoryObjects {
    fn read(
        &self,
        bucket: &str,
        key: &str,
        offset: u64,
        bytes_max: usize,
    ) -> BoxFuture<'static, Result<Bytes, ObjectsError>> {
        let part = self.content(bucket, key).map(|content| {
            let offset = usize::try_from(offset).unwrap();
            content
                .into_iter()
                .skip(offset)
                .take(bytes_max)
                .collect::<Vec<_>>()
                .into()
        });
        ready(part.ok_or_else(|| missing(bucket, key))).boxed()
    }

    fn create(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<Box<dyn ObjectWriter>, ObjectsError>> {
        let writer = MemoryWriter {
            key: (bucket.into(), key.into()),
            content: Vec::new(),
            objects: self.clone(),
        };
        ready(Ok(Box::new(writer) as Box<dyn ObjectWriter>)).boxed()
    }

    fn stat(&self, bucket: &str, key: &str) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        let stat = self.content(bucket, key).map(|content| ObjectStat {
            key: key.into(),
            bytes: content.len() as u64,
        });
        ready(stat.ok_or_else(|| missing(bucket, key))).boxed()
    }

    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<&str>,
        count_max: usize,
    ) -> BoxFuture<'static, Result<Vec<ObjectStat>, ObjectsError>> {
        let objects = self.0.lock().unwrap();
        let stats = objects
            .iter()
            .filter(|((of, key), _)| of == bucket && key.starts_with(prefix));
        let stats = stats.filter(|((_, key), _)| after.is_none_or(|after| key.as_str() > after));
        let stats = stats.map(|((_, key), content)| ObjectStat {
            key: key.clone(),
            bytes: content.len() as u64,
        });
        ready(Ok(stats.take(count_max).collect())).boxed()
    }
}

fn missing(bucket: &str, key: &str) -> ObjectsError {
    ObjectsError::NotFound {
        bucket: bucket.into(),
        key: key.into(),
    }
}

struct MemoryWriter {
    key: (String, String),
    content: Vec<u8>,
    objects: MemoryObjects,
}

impl ObjectWriter for MemoryWriter {
    fn write(&mut self, chunk: Bytes) -> BoxFuture<'_, Result<(), ObjectsError>> {
        self.content.extend_from_slice(&chunk);
        ready(Ok(())).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, Result<ObjectStat, ObjectsError>> {
        let stat = ObjectStat {
            key: self.key.1.clone(),
            bytes: self.content.len() as u64,
        };
        self.objects.0.lock().unwrap().insert(self.key, self.content);
        ready(Ok(stat)).boxed()
    }
}

/// A world in which every granted host answers what it was asked.
pub(crate) struct Echo;

impl Outbound for Echo {
    fn send(
        &self,
        request: http::Request<Bytes>,
        policy: Arc<Policy>,
        limits: Limits,
    ) -> BoxFuture<'static, Result<http::Response<Bytes>, OutboundError>> {
        ready(answer(&request, &policy, limits)).boxed()
    }
}

fn answer(
    request: &http::Request<Bytes>,
    policy: &Policy,
    limits: Limits,
) -> Result<http::Response<Bytes>, OutboundError> {
    let destination = Destination::of(request.uri())?;
    policy.admit(&destination)?;
    if request.uri().path() == "/broken" {
        return Err(OutboundError::Protocol {
            host: "api.example".into(),
            cause: "it broke".into(),
        });
    }
    let headers = request.headers().iter().filter(|(name, _)| *name != "host");
    let headers: Vec<_> = headers
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let text = format!("{} {}\n{}\n", request.method(), request.uri(), headers.join("\n"));
    let body = [text.as_bytes(), request.body()].concat();
    assert!(limits.timeout_ms <= 60_000 && limits.response_bytes_max == 8 << 20);
    Ok(http::Response::builder()
        .status(418)
        .header("x-asked", "yes")
        .body(body.into())
        .unwrap())
}
