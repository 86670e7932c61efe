//! A test file, with everything that it names: its flow, functions, grants and inputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stepwell_actions::{Grants, Registry};
use stepwell_definition::{
    Case, CheckedFile, FILE_BYTES_MAX, FunctionsFile, Given, Strictness, TestFile, Written, check_test_file, named_flow,
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
        let bytes = match read(path, FILE_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(message) => {
                problems.add_message(&message);
                return Ok(None);
            }
        };
        let mut checked = check_test_file(&bytes, &path.display().to_string());
        let Some(file) = checked.content.clone() else {
            tell_named_flow(path, &mut checked, problems, style)?;
            problems.add(&checked.report(Strictness::Lenient), style);
            return Ok(None);
        };
        let mut reading = Reading { path, style, checked };
        let tested = reading.whole(file, problems);
        problems.add(&reading.checked.report(Strictness::Lenient), style);
        Ok(tested?.filter(|_| !problems.refuse()))
    }
}

/// What is wrong with the flow of a file that is wrong itself, and where the rest of the file does not fit it.
fn tell_named_flow(
    path: &Path,
    checked: &mut CheckedFile<TestFile>,
    problems: &mut Problems,
    style: Style,
) -> Result<(), Trouble> {
    let flow = named_flow(&checked.source).map(|flow| FlowFile::read(&path.with_file_name(&*flow)));
    let Some(Ok(flow)) = flow else { return Ok(()) };
    flow.tell_for_run(problems, style);
    if let Some(sound) = &flow.checked.flow {
        let children = children(&flow)?;
        let children: Vec<_> = children
            .iter()
            .filter_map(|child| child.checked.flow.as_ref())
            .collect();
        checked.add_flow(sound, &children, |_| Registry::default());
    }
    Ok(())
}

/// Reading what a test file names.
struct Reading<'a> {
    path: &'a Path,
    style: Style,
    /// The test file; what cannot be read is told there.
    checked: CheckedFile<TestFile>,
}

impl Reading<'_> {
    /// Everything that the file names; nothing where the flow is not there.
    fn whole(&mut self, file: TestFile, problems: &mut Problems) -> Result<Option<Tested>, Trouble> {
        let flow_path = self.named(&file.flow);
        let flow = self.readable(Some(&file.flow), FlowFile::read(&flow_path))?;
        let usual = beside(&flow_path, None, "functions.yaml");
        let shared = self.functions(file.functions.as_ref(), usual.as_deref())?;
        let own = file.cases.iter();
        let own = own.map(|case| self.functions(case.functions.as_ref(), None));
        let own: Vec<Functions> = own.collect::<Result<_, _>>()?;
        let fitted = flow.map(|flow| self.fit(flow, &Registries::of(&file, &shared, &own), problems));
        shared.tell(problems, self.style, Strictness::Lenient);
        own.iter()
            .for_each(|own| own.tell(problems, self.style, Strictness::Lenient));
        let grants = self.grants(file.grants.as_ref(), &flow_path, problems)?;
        let objects = file.objects.as_ref().map(|objects| self.objects(objects));
        let resolved = shared.resolve(problems, self.style);
        let cases = file.cases.into_iter().zip(&own);
        let cases = cases.map(|(case, own)| self.case(case, own, &resolved, problems));
        let cases = cases.collect::<Result<_, Trouble>>()?;
        let Some((flow, children)) = fitted.transpose()? else {
            return Ok(None);
        };
        Ok(Some(Tested {
            path: self.path.to_owned(),
            flow,
            children,
            grants,
            objects,
            cases,
        }))
    }

    /// Checks the flow, its children, and whether the test file fits them.
    fn fit(
        &mut self,
        mut flow: FlowFile,
        registries: &Registries,
        problems: &mut Problems,
    ) -> Result<(FlowFile, Vec<FlowFile>), Trouble> {
        let children = children(&flow)?;
        flow.checked.add_functions(&registries.all());
        flow.tell_for_run(problems, self.style);
        children
            .iter()
            .for_each(|child| child.tell_for_run(problems, self.style));
        if let Some(flow) = &flow.checked.flow {
            let children = children.iter().filter_map(|child| child.checked.flow.as_ref());
            let children: Vec<_> = children.collect();
            self.checked.add_flow(flow, &children, |case| registries.of_case(case));
        }
        Ok((flow, children))
    }

    fn case(
        &mut self,
        case: Case,
        own: &Functions,
        shared: &Resolved,
        problems: &mut Problems,
    ) -> Result<TestedCase, Trouble> {
        let own = own.resolve(problems, self.style);
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

    /// What was read; or nothing where it cannot be, which is told where the test file names it.
    fn readable<T>(&mut self, named: Option<&Written>, read: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        match (read, named) {
            (Ok(read), _) => Ok(Some(read)),
            (Err(Trouble::Mistake(message)), Some(named)) => {
                self.checked.add_unreadable(named, &message);
                Ok(None)
            }
            (Err(trouble), _) => Err(trouble),
        }
    }

    fn functions(&mut self, given: Option<&Given<FunctionsFile>>, usual: Option<&Path>) -> Result<Functions, Trouble> {
        match given {
            Some(Given::File(written)) => {
                let functions = Functions::read(Some(&self.named(written)));
                Ok(self.readable(Some(written), functions)?.unwrap_or_default())
            }
            Some(Given::Here(content)) => Ok(Functions::within(self.path, &self.checked.source, content)),
            None => Functions::read(usual),
        }
    }

    fn grants(
        &mut self,
        given: Option<&Given<Grants>>,
        flow: &Path,
        problems: &mut Problems,
    ) -> Result<Grants, Trouble> {
        match given {
            Some(Given::File(written)) => {
                let grants = grants(Some(&self.named(written)), problems, self.style);
                Ok(self.readable(Some(written), grants)?.unwrap_or_default())
            }
            Some(Given::Here(grants)) => Ok(grants.clone()),
            None => grants(beside(flow, None, "grants.yaml").as_deref(), problems, self.style),
        }
    }

    fn objects(&mut self, written: &Written) -> PathBuf {
        let path = self.named(written);
        if !path.is_dir() {
            let why = format!("there is no folder `{}`", path.display());
            self.checked.add_unreadable(written, &why);
        }
        path
    }

    fn input(&mut self, given: Option<&Given<Value>>, problems: &mut Problems) -> Result<Value, Trouble> {
        match given {
            Some(Given::File(written)) => {
                let input = input_file(&self.named(written), problems, self.style);
                Ok(self.readable(Some(written), input)?.flatten().unwrap_or_default())
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
