//! The dependency graph as `cargo metadata` tells it.

use std::collections::BTreeMap;

use serde_json::Value;

/// The workspace's crates, and what every crate of the resolved graph leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The workspace's own crates.
    pub crates: Vec<Crate>,
    /// Normal dependencies by package id, with features as they are resolved.
    pub resolved: BTreeMap<String, Vec<String>>,
    /// Package names by package id.
    pub names: BTreeMap<String, String>,
}

/// A crate of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crate {
    /// Its package id.
    pub id: String,
    /// Its package name.
    pub name: String,
    /// Its folder, relative to the workspace, with `/`.
    pub folder: String,
    /// What it declares: normal and build dependencies, optional ones included.
    pub edges: Vec<Edge>,
}

/// A declared dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The package's name.
    pub name: String,
    /// Its folder relative to the workspace, if it is a path in it.
    pub folder: Option<String>,
}

/// The text is not what `cargo metadata` prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataError(pub String);

impl std::fmt::Display for MetadataError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "cargo metadata: {}", self.0)
    }
}

impl std::error::Error for MetadataError {}

impl Graph {
    /// Reads what `cargo metadata --format-version 1` prints.
    ///
    /// # Errors
    ///
    /// [`MetadataError`] if a field is missing.
    pub fn parse(metadata: &str) -> Result<Self, MetadataError> {
        let metadata: Value = serde_json::from_str(metadata).map_err(|error| MetadataError(error.to_string()))?;
        let root = text(&metadata, "workspace_root")?;
        let members: Vec<&str> = list(&metadata, "workspace_members")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut graph = Self::default();
        for package in list(&metadata, "packages")? {
            let id = text(package, "id")?;
            graph.names.insert(id.to_owned(), text(package, "name")?.to_owned());
            if members.contains(&id) {
                graph.crates.push(Crate::parse(package, root)?);
            }
        }
        for node in list(metadata.get("resolve").unwrap_or(&Value::Null), "nodes")? {
            graph
                .resolved
                .insert(text(node, "id")?.to_owned(), normal_dependencies(node)?);
        }
        Ok(graph)
    }

    /// The name of the package `id`.
    #[must_use]
    pub fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

impl Crate {
    fn parse(package: &Value, root: &str) -> Result<Self, MetadataError> {
        let manifest = text(package, "manifest_path")?;
        let folder = manifest.trim_end_matches("Cargo.toml");
        let edges = list(package, "dependencies")?
            .iter()
            .filter(|edge| edge.get("kind") != Some(&Value::from("dev")));
        Ok(Self {
            id: text(package, "id")?.to_owned(),
            name: text(package, "name")?.to_owned(),
            folder: relative(folder, root).unwrap_or_default(),
            edges: edges.map(|edge| Edge::parse(edge, root)).collect::<Result<_, _>>()?,
        })
    }
}

impl Edge {
    fn parse(edge: &Value, root: &str) -> Result<Self, MetadataError> {
        let folder = edge
            .get("path")
            .and_then(Value::as_str)
            .and_then(|path| relative(path, root));
        Ok(Self {
            name: text(edge, "name")?.to_owned(),
            folder,
        })
    }
}

fn relative(path: &str, root: &str) -> Option<String> {
    let inside = path.replace('\\', "/");
    let inside = inside.strip_prefix(&root.replace('\\', "/"))?;
    Some(inside.trim_matches('/').to_owned())
}

fn normal_dependencies(node: &Value) -> Result<Vec<String>, MetadataError> {
    let mut found = Vec::new();
    for dependency in list(node, "deps")? {
        if list(dependency, "dep_kinds")?
            .iter()
            .any(|kind| kind.get("kind") == Some(&Value::Null))
        {
            found.push(text(dependency, "pkg")?.to_owned());
        }
    }
    Ok(found)
}

fn text<'a>(object: &'a Value, field: &str) -> Result<&'a str, MetadataError> {
    object
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| MetadataError(format!("no text `{field}`")))
}

fn list<'a>(object: &'a Value, field: &str) -> Result<&'a [Value], MetadataError> {
    let items = object.get(field).and_then(Value::as_array);
    items
        .map(Vec::as_slice)
        .ok_or_else(|| MetadataError(format!("no list `{field}`")))
}
