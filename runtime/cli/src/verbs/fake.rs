//! A host that answers what it was told to, for tests of verbs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use futures::FutureExt;
use futures::future::BoxFuture;
use stepwell_wire::{Answer, Request, Run, Scope};

use crate::console::tests::plain;
use crate::exit::Exit;
use crate::host::{Component, EditorEnd, Host, HostError, MadeToken, Rehearsal, Rehearsed, RunEnd, Serving, Weather};
use crate::place::Place;
use crate::progress::Progress;

/// A host without a store.
#[derive(Default)]
pub(crate) struct Fake {
    answers: Vec<Answer>,
    end: Option<RunEnd>,
    editor: Option<EditorEnd>,
    /// By seed; 0 is the calm world.
    rehearsed: BTreeMap<u64, Rehearsed>,
    requests: Mutex<Vec<Request>>,
    runs: Mutex<Vec<Run>>,
    served: Mutex<Vec<Serving>>,
}

/// What a verb said, and how it ended.
pub(crate) struct Said {
    pub(crate) exit: Exit,
    pub(crate) out: String,
    pub(crate) error: String,
}

impl Fake {
    pub(crate) fn answering(answers: Vec<Answer>) -> Self {
        Self {
            answers,
            ..Self::default()
        }
    }

    pub(crate) fn running(end: RunEnd) -> Self {
        Self {
            end: Some(end),
            ..Self::default()
        }
    }

    pub(crate) fn editing(end: EditorEnd) -> Self {
        Self {
            editor: Some(end),
            ..Self::default()
        }
    }

    /// By seed; 0 is the calm world. What is not there was interrupted.
    pub(crate) fn rehearsing(rehearsed: impl IntoIterator<Item = (u64, Rehearsed)>) -> Self {
        Self {
            rehearsed: rehearsed.into_iter().collect(),
            ..Self::default()
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn served(&self) -> Vec<Serving> {
        self.served.lock().unwrap().clone()
    }

    pub(crate) fn runs(&self) -> Vec<Run> {
        self.runs.lock().unwrap().clone()
    }
}

fn seed_of(weather: Weather) -> u64 {
    match weather {
        Weather::Calm => 0,
        Weather::Rough { seed, .. } => seed,
    }
}

impl Host for Fake {
    fn call<'a>(&'a self, _: &'a Place, request: Request) -> BoxFuture<'a, Result<Vec<Answer>, HostError>> {
        self.requests.lock().unwrap().push(request);
        let refusal = self.answers.iter().find_map(|answer| {
            if let Answer::Refused(refusal) = answer {
                Some(refusal.clone())
            } else {
                None
            }
        });
        let answers = refusal.map_or_else(|| Ok(self.answers.clone()), |refusal| Err(HostError::Refused(refusal)));
        async { answers }.boxed()
    }

    fn run<'a>(
        &'a self,
        _: &'a Place,
        _: Vec<Component>,
        run: Run,
        _: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>> {
        self.runs.lock().unwrap().push(run);
        async { Ok(self.end.clone().unwrap()) }.boxed()
    }

    fn express<'a>(
        &'a self,
        store: &'a Path,
        components: Vec<Component>,
        run: Run,
        progress: &'a mut Progress<'_>,
    ) -> BoxFuture<'a, Result<RunEnd, HostError>> {
        _ = (store, components, progress);
        self.runs.lock().unwrap().push(run);
        async { Ok(self.end.clone().unwrap()) }.boxed()
    }

    fn rehearse<'a>(
        &'a self,
        _: &'a Rehearsal,
        weather: Weather,
    ) -> BoxFuture<'a, Result<Option<Rehearsed>, HostError>> {
        let rehearsed = self.rehearsed.get(&seed_of(weather)).cloned();
        async { Ok(rehearsed) }.boxed()
    }

    fn serve<'a>(
        &'a self,
        _: &'a Path,
        serving: Serving,
        say: &'a mut (dyn FnMut(&str) + Send),
    ) -> BoxFuture<'a, Result<(), HostError>> {
        say(&format!("listening on {}", serving.listen));
        self.served.lock().unwrap().push(serving);
        async { Ok(()) }.boxed()
    }

    fn make_token(&self, scopes: &[Scope]) -> MadeToken {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
        MadeToken {
            token: "stepwell_t".into(),
            line: format!("{} hash", names.join(",")),
        }
    }

    fn serve_editor(&self) -> BoxFuture<'_, EditorEnd> {
        async { self.editor.clone().unwrap() }.boxed()
    }
}

/// Carries a verb out over `host`.
pub(crate) fn said(host: &Fake, words: &[&str]) -> Said {
    let (mut console, out, error) = plain();
    let words = std::iter::once("stepwell").chain(words.iter().copied());
    let exit = futures::executor::block_on(crate::main(words.collect::<Vec<_>>(), host, &mut console));
    Said {
        exit,
        out: out.text(),
        error: error.text(),
    }
}
