//! A test file, with everything that it names: its flow, functions, grants and inputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepwell_actions::{Grants, Registry};
use stepwell_definition::{
    Case, CheckedFile, FILE_BYTES_MAX, FunctionsFile, Given, Source, Strictness, TestFile, Written, check_test_file,
};
use stepwell_expression::Value;

use super::functions::Resolved;
use super::reading::read;
use super::{FlowFile, Functions, Problems, beside, children, grants, input_file};
use crate::console::Style;
use crate::exit::Trouble;
use crate::host::Component;

/// A test file that was found right.
#[derive(Debug)]
pub(crate) struct Tested {
    pub(crate) path: PathBuf,
    pub(crate) flow: FlowFile,
    pub(crate) children: Vec<FlowFile>,
    pub(crate) grants: Grants,
    /// A folder of objects.
    pub(crate) objects: Option<PathBuf>,
    pub(crate) cases: Vec<TestedCase>,
}

/// A case with what it names.
#[derive(Debug)]
pub(crate) struct TestedCase {
    pub(crate) case: Case,
    pub(crate) input: Value,
    pub(crate) registry: Registry,
    pub(crate) components: Arc<Vec<Component>>,
}

impl Tested {
    /// Reads and checks a test file and all that it names; nothing where something is wrong, which is told. The flow's
    /// problems come first.
    pub(crate) fn read(path: &Path, problems: &mut Problems, style: Style) -> Result<Option<Self>, Trouble> {
        let bytes = read(path, FILE_BYTES_MAX).map_err(Trouble::Mistake)?;
        let checked = check_test_file(&bytes, &path.display().to_string());
        let Some(file) = checked.content.clone() else {
            problems.add(&checked.report(Strictness::Lenient), style);
            return Ok(None);
        };
        let reading = Reading {
            path,
            source: checked.source.clone(),
            style,
        };
        reading.whole(checked, file, problems)
    }
}

/// Reading what a test file names.
struct Reading<'a> {
    path: &'a Path,
    source: Source,
    style: Style,
}

impl Reading<'_> {
    fn whole(
        &self,
        mut checked: CheckedFile<TestFile>,
        file: TestFile,
        problems: &mut Problems,
    ) -> Result<Option<Tested>, Trouble> {
        let flow_path = self.named(&file.flow);
        let mut flow = FlowFile::read(&flow_path).map_err(|trouble| self.placed(&file.flow, trouble))?;
        let children = children(&flow)?;
        let usual = beside(&flow_path, None, "functions.yaml");
        let shared = self.functions(file.functions.as_ref(), usual.as_deref())?;
        let own = file
            .cases
            .iter()
            .map(|case| self.functions(case.functions.as_ref(), None));
        let own: Vec<Functions> = own.collect::<Result<_, _>>()?;
        let registries = Registries::of(&file, &shared, &own);
        flow.checked.add_functions(&registries.all());
        flow.tell_for_run(problems, self.style);
        children
            .iter()
            .for_each(|child| child.tell_for_run(problems, self.style));
        if let Some(flow) = &flow.checked.flow {
            let children: Vec<_> = children
                .iter()
                .filter_map(|child| child.checked.flow.as_ref())
                .collect();
            checked.add_flow(flow, &children, |case| registries.of_case(case));
        }
        problems.add(&checked.report(Strictness::Lenient), self.style);
        shared.tell(problems, self.style, Strictness::Lenient);
        own.iter()
            .for_each(|own| own.tell(problems, self.style, Strictness::Lenient));
        let grants = self.grants(file.grants.as_ref(), &flow_path, problems)?;
        let objects = self.objects(file.objects.as_ref(), problems);
        let resolved = shared.resolve(problems);
        let cases = file.cases.into_iter().zip(&own);
        let cases = cases.map(|(case, own)| self.case(case, own, &resolved, problems));
        let cases = cases.collect::<Result<_, Trouble>>()?;
        Ok((!problems.refuse()).then(|| Tested {
            path: self.path.to_owned(),
            flow,
            children,
            grants,
            objects,
            cases,
        }))
    }

    fn case(
        &self,
        case: Case,
        own: &Functions,
        shared: &Resolved,
        problems: &mut Problems,
    ) -> Result<TestedCase, Trouble> {
        let own = own.resolve(problems);
        let components = own.components.iter().chain(&shared.components).cloned();
        Ok(TestedCase {
            input: self.input(case.input.as_ref(), problems)?,
            registry: laid_over(own.registry.clone(), &shared.registry),
            components: Arc::new(components.collect()),
            case,
        })
    }

    /// The path that a text in the test file means.
    fn named(&self, written: &Written) -> PathBuf {
        self.path.with_file_name(&*written.text)
    }

    /// What is wrong with a file that is named there.
    fn placed(&self, written: &Written, trouble: Trouble) -> Trouble {
        match trouble {
            Trouble::Mistake(message) => Trouble::Mistake(self.at(written, &message)),
            trouble @ (Trouble::Told | Trouble::Host(_)) => trouble,
        }
    }

    fn at(&self, written: &Written, message: &str) -> String {
        let place = self.source.line_column(written.span.start);
        format!("{}:{}:{}: {message}", self.path.display(), place.line, place.column)
    }

    fn functions(&self, given: Option<&Given<FunctionsFile>>, usual: Option<&Path>) -> Result<Functions, Trouble> {
        match given {
            Some(Given::File(written)) => {
                Functions::read(Some(&self.named(written))).map_err(|trouble| self.placed(written, trouble))
            }
            Some(Given::Here(content)) => Ok(Functions::within(self.path, &self.source, content)),
            None => Functions::read(usual),
        }
    }

    fn grants(&self, given: Option<&Given<Grants>>, flow: &Path, problems: &mut Problems) -> Result<Grants, Trouble> {
        match given {
            Some(Given::File(written)) => {
                let read = grants(Some(&self.named(written)), problems, self.style);
                read.map_err(|trouble| self.placed(written, trouble))
            }
            Some(Given::Here(grants)) => Ok(grants.clone()),
            None => grants(beside(flow, None, "grants.yaml").as_deref(), problems, self.style),
        }
    }

    fn objects(&self, written: Option<&Written>, problems: &mut Problems) -> Option<PathBuf> {
        let written = written?;
        let path = self.named(written);
        if !path.is_dir() {
            problems.add_message(&self.at(written, &format!("there is no folder `{}`", path.display())));
        }
        Some(path)
    }

    fn input(&self, given: Option<&Given<Value>>, problems: &mut Problems) -> Result<Value, Trouble> {
        match given {
            Some(Given::File(written)) => {
                let read = input_file(&self.named(written), problems, self.style);
                read.map(Option::unwrap_or_default)
                    .map_err(|trouble| self.placed(written, trouble))
            }
            Some(Given::Here(value)) => Ok(value.clone()),
            None => Ok(Value::Object(Arc::default())),
        }
    }
}

/// The functions of cases without their components' contents.
struct Registries {
    shared: Registry,
    own: Vec<(Arc<str>, Registry)>,
}

impl Registries {
    fn of(file: &TestFile, shared: &Functions, own: &[Functions]) -> Self {
        let names = file.cases.iter().map(|case| case.name.text.clone());
        let own = own.iter().map(|own| own.outline().unwrap_or_default());
        Self {
            shared: shared.outline().unwrap_or_default(),
            own: names.zip(own).collect(),
        }
    }

    fn of_case(&self, case: &Case) -> Registry {
        let own = self.own.iter().find(|(name, _)| *name == case.name.text);
        laid_over(own.map(|(_, own)| own.clone()).unwrap_or_default(), &self.shared)
    }

    /// The functions of any case.
    fn all(&self) -> Registry {
        let own = self.own.iter().map(|(_, own)| own.clone());
        own.fold(self.shared.clone(), |all, own| laid_over(own, &all))
    }
}

/// The functions of `over`, and those of `under` that have no entry there.
fn laid_over(mut over: Registry, under: &Registry) -> Registry {
    let others: Vec<_> = under
        .functions
        .iter()
        .filter(|function| over.functions.iter().all(|own| own.pattern != function.pattern))
        .cloned()
        .collect();
    over.functions.extend(others);
    over
}
