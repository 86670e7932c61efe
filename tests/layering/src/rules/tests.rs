//! The checker catches what is planted.

use super::*;

/// A house in which every crate stands at its place and depends on nothing.
fn empty_house() -> Graph {
    let crates = HOUSE
        .iter()
        .map(|place| unit(&format!("runtime/{}", place.folder), &[]))
        .collect();
    Graph {
        crates,
        ..Graph::default()
    }
}

fn unit(folder: &str, edges: &[&str]) -> Crate {
    let edges = edges.iter().map(|edge| Edge {
        name: edge.rsplit('/').next().unwrap().to_owned(),
        folder: edge.contains('/').then(|| (*edge).to_owned()),
    });
    Crate {
        id: folder.to_owned(),
        name: folder.to_owned(),
        folder: folder.to_owned(),
        edges: edges.collect(),
    }
}

/// The violations of a house in which `folder` depends on `edges`.
fn planted(folder: &str, edges: &[&str]) -> Vec<String> {
    let mut graph = empty_house();
    graph.crates.retain(|unit| unit.folder != folder);
    graph.crates.push(unit(folder, edges));
    violations(&graph)
}

#[test]
fn downward_edges_and_light_dependencies_are_in_order() {
    assert_eq!(violations(&empty_house()), Vec::<String>::new());
    let cases: [(&str, &[&str]); 9] = [
        (
            "runtime/core",
            &["runtime/model", "runtime/expression", "serde", "sha2"],
        ),
        ("runtime/definition", &["runtime/actions", "granit-parser", "miette"]),
        ("runtime/engine", &["runtime/ports", "runtime/core", "hmac"]),
        ("runtime/tasks-http", &["runtime/egress", "tokio", "hyper"]),
        ("runtime/host-local", &["runtime/cli", "runtime/engine", "tokio"]),
        ("runtime/xtask", &["tokio", "anyhow"]),
        ("plugins/media", &["sdk-guest/rust", "image"]),
        ("sdk-guest/rust", &["wit-bindgen"]),
        ("tests/simulation", &["runtime/engine", "tokio"]),
    ];
    for (folder, edges) in cases {
        assert_eq!(planted(folder, edges), Vec::<String>::new(), "{folder}");
    }
}

#[test]
fn planted_violations_are_found() {
    let cases: [(&str, &[&str], &str); 11] = [
        (
            "runtime/model",
            &["runtime/core"],
            "`model` (layer 1) must not depend on `core` (layer 2)",
        ),
        (
            "runtime/core",
            &["runtime/definition"],
            "`core` (layer 2) must not depend on `definition` (layer 2)",
        ),
        (
            "runtime/tasks-wasm",
            &["runtime/engine"],
            "`tasks-wasm` (layer 4) must not depend on `engine` (layer 4)",
        ),
        (
            "runtime/engine",
            &["runtime/cli"],
            "`engine` (layer 4) must not depend on `cli` (layer 5)",
        ),
        (
            "runtime/cli",
            &["runtime/xtask"],
            "`cli` must not depend on `runtime/xtask`, which stands outside the layers",
        ),
        (
            "runtime/cli",
            &["tests/fixtures"],
            "`cli` must not depend on `tests/fixtures`, which stands outside the layers",
        ),
        (
            "runtime/engine",
            &["tokio"],
            "`engine` must know no async runtime, and leads to one: tokio",
        ),
        (
            "runtime/cli",
            &["smol"],
            "`cli` must know no async runtime, and leads to one: smol",
        ),
        (
            "runtime/core",
            &["miette"],
            "`core` (layer 2) must not depend on `miette`, which is not among the light ones",
        ),
        (
            "plugins/media",
            &["runtime/expression"],
            "guest `plugins/media` must not depend on `expression`",
        ),
        (
            "runtime/new",
            &[],
            "`runtime/new` in runtime/new has no layer: give it a place in HOUSE",
        ),
    ];
    for (folder, edges, expected) in cases {
        assert_eq!(planted(folder, edges), [expected], "{folder}");
    }
}

#[test]
fn a_runtime_behind_other_crates_is_found() {
    let mut graph = empty_house();
    for (from, to) in [
        ("runtime/engine", "a"),
        ("a", "b"),
        ("b", "tokio"),
        ("runtime/tasks-http", "tokio"),
    ] {
        graph.resolved.entry(from.to_owned()).or_default().push(to.to_owned());
    }
    assert_eq!(
        violations(&graph),
        ["`engine` must know no async runtime, and leads to one: a -> b -> tokio"]
    );
}

#[test]
fn a_place_without_a_crate_is_found() {
    let mut graph = empty_house();
    graph.crates.retain(|unit| unit.folder != "runtime/wire");
    assert_eq!(
        violations(&graph),
        ["`wire` has a place in the layers and no crate in runtime/"]
    );
}

#[test]
fn the_metadata_of_cargo_is_read() {
    let metadata = r#"{
        "workspace_root": "/w",
        "workspace_members": ["m"],
        "packages": [
            {"id": "m", "name": "stepwell-model", "manifest_path": "/w/runtime/model/Cargo.toml", "dependencies": [
                {"name": "stepwell-core", "kind": null, "path": "/w/runtime/core"},
                {"name": "tempfile", "kind": "dev"},
                {"name": "cc", "kind": "build"},
                {"name": "serde", "kind": null}
            ]},
            {"id": "s", "name": "serde", "manifest_path": "/elsewhere/serde/Cargo.toml", "dependencies": []}
        ],
        "resolve": {"nodes": [
            {"id": "m", "deps": [
                {"pkg": "s", "dep_kinds": [{"kind": "dev"}, {"kind": null}]},
                {"pkg": "t", "dep_kinds": [{"kind": "dev"}]}
            ]},
            {"id": "s", "deps": []}
        ]}
    }"#;
    let edge = |name: &str, folder: Option<&str>| Edge {
        name: name.into(),
        folder: folder.map(str::to_owned),
    };
    let model = Crate {
        id: "m".into(),
        name: "stepwell-model".into(),
        folder: "runtime/model".into(),
        edges: vec![
            edge("stepwell-core", Some("runtime/core")),
            edge("cc", None),
            edge("serde", None),
        ],
    };
    let graph = Graph {
        crates: vec![model],
        resolved: [("m".to_owned(), vec!["s".to_owned()]), ("s".to_owned(), vec![])].into(),
        names: [
            ("m".to_owned(), "stepwell-model".to_owned()),
            ("s".to_owned(), "serde".to_owned()),
        ]
        .into(),
    };
    assert_eq!(Graph::parse(metadata), Ok(graph));
    assert_eq!(
        Graph::parse("{}").unwrap_err().to_string(),
        "cargo metadata: no text `workspace_root`"
    );
}
