//! The function: its adapters, its engine, and what it does with an event.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use lambda_runtime::{Error, LambdaEvent};
use serde_json::{Value, json};
use stepwell_api::{Asked, Gate, Router as Api, Tokens};
use stepwell_engine::{Engine, EngineError, Observed, Ports, Room};
use stepwell_objects_s3::{Addressing, S3Bucket, S3Objects};
use stepwell_ports::{Clock, Millis, Objects};
use stepwell_store_dynamodb::{DynamoStore, Options};
use stepwell_system::{RuntimeSpawn, SystemClock, SystemSeeds};
use stepwell_tasks_wasm::Pool;
use stepwell_wakes_aws::AwsWakes;
use tokio::runtime::Handle;

use crate::deployed::Deployed;
use crate::event::{Event, StartRequest};
use crate::settings::Settings;
use crate::spending::Spending;
use crate::tasks::Router;
use crate::{express, http, starts, wakes};

/// What is left of an invocation's time when nothing more is begun: two seconds for what is under way, and a little.
const MARGIN_MS: Millis = 3_500;

/// How long a lane or branch waits for room before another instance has it: what is over sooner is not worth a message.
const PATIENCE_MS: Millis = 250;

/// The file of the hashes of tokens, in the folder of what was deployed.
const TOKENS: &str = "tokens";

/// An instance of the function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) engine: Engine,
    pub(crate) ports: Ports,
    pub(crate) deployed: Arc<Deployed>,
    pub(crate) wakes: Arc<AwsWakes>,
    store: Arc<DynamoStore>,
    objects: Option<Arc<S3Objects>>,
    tells_spending: bool,
    event_flow: Option<String>,
    api: Api,
}

impl Function {
    /// Builds the adapters, and the engine over them.
    pub(crate) async fn open(settings: Settings) -> Result<Self> {
        let aws = stepwell_aws::config().await;
        let deployed = Arc::new(Deployed::open(&settings.deployed)?);
        let bucket = settings.bucket.as_ref();
        let bucket = bucket.map(|bucket| objects(&aws, bucket)).transpose()?;
        let objects = bucket.clone().map(|bucket| bucket as Arc<dyn Objects>);
        let store = Arc::new(DynamoStore::new(
            &aws,
            Options {
                objects: objects.clone(),
                ..Options::new(&settings.table, Arc::new(SystemClock))
            },
        ));
        let wakes = Arc::new(AwsWakes::new(&aws, settings.resources.clone(), Arc::new(SystemClock)));
        let ports = Ports {
            log: store.clone(),
            catalogue: store.clone(),
            tasks: Arc::new(Router::new(&settings, objects)?),
            clock: Arc::new(SystemClock),
            seeds: Arc::new(SystemSeeds),
            spawn: Arc::new(RuntimeSpawn(Handle::current())),
        };
        let engine = Engine::share(ports.clone(), wakes.clone(), room(settings.memory_mb))
            .await
            .context("while opening the table")?;
        let api = Api::new(engine.clone(), deployed.clone(), gate(&settings.deployed)?);
        Ok(Self {
            engine,
            ports,
            deployed,
            wakes,
            store,
            objects: bucket,
            tells_spending: settings.metrics,
            api,
            event_flow: settings.event_flow,
        })
    }

    /// Does what an event asks for, and tells what that cost.
    #[expect(clippy::print_stdout, reason = "what a function prints is its log")]
    pub(crate) async fn answer(&self, invocation: LambdaEvent<Value>) -> Result<Value, Error> {
        let before = self.spending();
        let answer = Box::pin(self.carry_out(invocation)).await;
        if self.tells_spending {
            println!("{}", self.spending().line(&before, self.now()));
        }
        answer
    }

    fn spending(&self) -> Spending {
        Spending {
            table: self.store.spent(),
            wakes: self.wakes.spent(),
            objects: self.objects.as_ref().map(|objects| objects.spent()).unwrap_or_default(),
        }
    }

    async fn carry_out(&self, invocation: LambdaEvent<Value>) -> Result<Value, Error> {
        let deadline_ms = self.deadline(invocation.context.deadline);
        let request = &invocation.context.request_id;
        match Event::read(invocation.payload)? {
            Event::Messages(messages) => Ok(wakes::carry_out(self, messages, deadline_ms).await),
            Event::Http(request) => Ok(http::answer(self.api.answer(http::request(&request)?).await)),
            Event::Start(asked) => Ok(self.start(asked.or_named(request)?).await?),
            Event::Express(asked) => Ok(express::run(self, asked.or_named(request)?, deadline_ms).await?),
            Event::Happened { id, event } => Ok(self.happened(id, event).await?),
        }
    }

    /// When nothing more is to be begun; of a short invocation, the first half is used.
    fn deadline(&self, ends_ms: Millis) -> Millis {
        let now = self.now();
        let half = ends_ms.saturating_sub(now) / 2;
        ends_ms.saturating_sub(MARGIN_MS.min(half))
    }

    /// An event of EventBridge starts the flow for events, under its own id.
    async fn happened(&self, id: String, event: Value) -> Result<Value> {
        let flow = self.event_flow.clone();
        let asked = StartRequest {
            flow: flow.context("an event came that names no flow, and STEPWELL_EVENT_FLOW names none")?,
            name: Some(id),
            input: Some(event),
        };
        Ok(self.start(asked.or_named("")?).await?)
    }

    async fn start(&self, asked: Asked) -> Result<Value, EngineError> {
        starts::start(&self.engine, &self.deployed, asked).await
    }

    pub(crate) fn now(&self) -> Millis {
        SystemClock.now()
    }

    /// Writes down that an execution has ended, where that is what happened: the alarms count such lines.
    pub(crate) fn say_ended(&self, event: &Observed) {
        if &*event.status != "Running" {
            let line = json!({"event": "ExecutionEnded", "execution": event.execution, "status": event.status});
            eprintln!("{line}");
        }
    }

    /// Writes down what is wrong with a message.
    pub(crate) fn say(&self, message: &str, error: &(dyn std::error::Error + 'static)) {
        let mut told = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            told = format!("{told}: {cause}");
            source = cause.source();
        }
        eprintln!("{}", json!({"level": "ERROR", "message": message, "error": told}));
    }
}

/// What runs at once in a function of that memory: a request takes some 1 MiB, a component what its pool gives it.
fn room(memory_mb: u32) -> Room {
    Room {
        attempts: memory_mb,
        components: Pool::of_function(memory_mb).guests_max(),
        patience_ms: PATIENCE_MS,
    }
}

/// The bucket, named by its host as AWS wants it; a server that replaces AWS has one address for all.
fn objects(aws: &SdkConfig, bucket: &str) -> Result<Arc<S3Objects>> {
    let bucket = S3Bucket {
        name: bucket.to_owned(),
        prefix: String::new(),
        addressing: match std::env::var_os("AWS_ENDPOINT_URL_S3") {
            Some(_) => Addressing::Path,
            None => Addressing::Host,
        },
    };
    Ok(Arc::new(S3Objects::new(aws, bucket)?))
}

/// Who may use the API: bearers of the deployed tokens; nobody where there are none.
fn gate(folder: &Path) -> Result<Gate> {
    let path = folder.join(TOKENS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("while reading `{}`", path.display())),
    };
    let tokens = Tokens::parse(&text).with_context(|| format!("while reading `{}`", path.display()))?;
    Ok(Gate::Tokens(tokens))
}
