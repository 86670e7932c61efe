//! What is checked.

use std::collections::BTreeSet;

use crate::{Crate, EXCEPTIONS, Edge, Graph, HOUSE, LIGHT, OUTSIDE, Place, RUNTIMES, Role};

/// Below this layer nothing heavy is depended on.
const HEAVY_FROM: u8 = 4;

/// Every broken rule, in a sentence each; none = the house is in order.
#[must_use]
pub fn violations(graph: &Graph) -> Vec<String> {
    let mut found: Vec<String> = graph.crates.iter().flat_map(|unit| of_crate(graph, unit)).collect();
    found.extend(
        HOUSE
            .iter()
            .filter(|place| graph.crates.iter().all(|unit| !stands_at(unit, place)))
            .map(|place| format!("`{}` has a place in the layers and no crate in runtime/", place.folder)),
    );
    found
}

fn of_crate(graph: &Graph, unit: &Crate) -> Vec<String> {
    if unit.folder.starts_with("plugins/") || unit.folder.starts_with("sdk-guest/") {
        return guest_edges(unit);
    }
    let Some(folder) = unit.folder.strip_prefix("runtime/") else {
        return Vec::new();
    };
    if OUTSIDE.contains(&folder) {
        return Vec::new();
    }
    let Some(place) = place_of(folder) else {
        return vec![format!(
            "`{}` in {} has no layer: give it a place in HOUSE",
            unit.name, unit.folder
        )];
    };
    let mut found: Vec<String> = unit.edges.iter().filter_map(|edge| upward(place, edge)).collect();
    found.extend(unit.edges.iter().filter_map(|edge| heavy(place, edge)));
    found.extend(runtime(graph, place, unit));
    found
}

fn place_of(folder: &str) -> Option<&'static Place> {
    HOUSE.iter().find(|place| place.folder == folder)
}

fn stands_at(unit: &Crate, place: &Place) -> bool {
    unit.folder.strip_prefix("runtime/") == Some(place.folder)
}

/// A component is built for another world: it knows the guest SDK and nothing of the runtime.
fn guest_edges(unit: &Crate) -> Vec<String> {
    let foreign = |edge: &&Edge| {
        edge.folder
            .as_deref()
            .is_some_and(|folder| !folder.starts_with("sdk-guest/"))
    };
    let edges = unit.edges.iter().filter(foreign);
    edges
        .map(|edge| format!("guest `{}` must not depend on `{}`", unit.folder, edge.name))
        .collect()
}

fn upward(place: &Place, edge: &Edge) -> Option<String> {
    let folder = edge.folder.as_deref()?;
    let target = folder.strip_prefix("runtime/").and_then(place_of);
    match target {
        Some(target) if target.layer < place.layer => None,
        Some(target) => Some(format!(
            "`{}` (layer {}) must not depend on `{}` (layer {})",
            place.folder, place.layer, target.folder, target.layer
        )),
        None => Some(format!(
            "`{}` must not depend on `{folder}`, which stands outside the layers",
            place.folder
        )),
    }
}

fn heavy(place: &Place, edge: &Edge) -> Option<String> {
    let exceptions = EXCEPTIONS
        .iter()
        .find(|(folder, _)| *folder == place.folder)
        .map_or(&[][..], |(_, names)| names);
    let name = edge.name.as_str();
    let light =
        place.layer >= HEAVY_FROM || edge.folder.is_some() || LIGHT.contains(&name) || exceptions.contains(&name);
    (!light).then(|| {
        let Place { folder, layer, role: _ } = place;
        format!("`{folder}` (layer {layer}) must not depend on `{name}`, which is not among the light ones")
    })
}

/// A runtime that `unit` leads to, itself or through others.
fn runtime(graph: &Graph, place: &Place, unit: &Crate) -> Option<String> {
    match place.role {
        Role::Adapter | Role::Host => return None,
        Role::Logic => {}
    }
    let declared = unit.edges.iter().find(|edge| RUNTIMES.contains(&edge.name.as_str()));
    let way = declared.map_or_else(|| way_to_runtime(graph, &unit.id), |edge| Some(vec![edge.name.clone()]))?;
    Some(format!(
        "`{}` must know no async runtime, and leads to one: {}",
        place.folder,
        way.join(" -> ")
    ))
}

/// The shortest way from a package to a runtime, without its start.
fn way_to_runtime(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([start]);
    let mut ways: Vec<Vec<&str>> = vec![vec![start]];
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            let last = way.last().copied().unwrap_or(start);
            for next in graph.resolved.get(last).into_iter().flatten() {
                if !seen.insert(next) {
                    continue;
                }
                let way: Vec<&str> = way.iter().copied().chain([next.as_str()]).collect();
                if RUNTIMES.contains(&graph.name(next)) {
                    return Some(way.iter().skip(1).map(|id| graph.name(id).to_owned()).collect());
                }
                longer.push(way);
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests;
