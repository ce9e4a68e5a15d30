//! Which file of a crate uses what another file of it defines, read from the source with `syn`.
//!
//! An edge goes from a file to the file that defines a name it uses, whichever way the name came:
//! `crate::`, `self::`, `super::`, a child module's name, an import (in a function too), a glob, a path
//! in the arguments of a macro or an attribute. Re-exports are looked through. Where a name cannot be found
//! in a module, such as one that a macro makes, the module's file counts as its place. A facade's `mod` and
//! `pub use` are no edge, nor is code under `#[cfg(test)]`.
//!
//! What would hide an edge is refused: a module inside a function, `extern crate self`, `#[macro_use]` and
//! `#[macro_export]`, a macro ahead of a module that could use it, `#[path]`, `include!`. Methods are not
//! seen: which file an `impl` is in, a call does not say.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Sources, modules};
use crate::resolve::{Crate, Found, Last};

/// Files, by their path below `src`, and the files that each uses.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Of the modules that are reachable from `root`, which is `lib.rs` or `main.rs`.
pub(crate) fn graph(sources: &Sources, root: &str) -> Graph {
    let crate_ = Crate {
        modules: modules(sources, root),
    };
    let mut graph = Graph::new();
    for (path, module) in &crate_.modules {
        let edges = graph.entry(module.file.clone()).or_default();
        let uses = module.uses.iter();
        let globs = module.globs.iter().filter(|glob| !glob.is_reexport);
        for found in uses
            .flat_map(|used| crate_.resolve(path, used, Last::Anything))
            .filter_map(|found| match found {
                Found::Item(module) => Some(module),
                // What is used of it, another path names.
                Found::Module(_) => None,
            })
            // All that a glob brings may be used.
            .chain(globs.flat_map(|glob| {
                crate_
                    .resolve(path, &glob.path, Last::Type)
                    .into_iter()
                    .map(Found::place)
            }))
        {
            let file = &crate_.modules[&found].file;
            if *file != module.file {
                edges.insert(file.clone());
            }
        }
    }
    graph
}

/// Files that use each other in a circle, one list a circle.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut taken = BTreeSet::new();
    for file in graph.keys() {
        if taken.contains(file) {
            continue;
        }
        let circle: Vec<String> = reachable(graph, file)
            .into_iter()
            .filter(|other| reachable(graph, other).contains(file))
            .collect();
        if !circle.is_empty() {
            taken.extend(circle.iter().cloned());
            found.push(circle);
        }
    }
    found
}

/// What can be reached from a file by one or more edges.
fn reachable(graph: &Graph, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = vec![from];
    while let Some(file) = next.pop() {
        for used in graph.get(file).into_iter().flatten() {
            if found.insert(used.clone()) {
                next.push(used);
            }
        }
    }
    found
}

/// The edges inside a circle, to show what makes it one.
pub(crate) fn edges_within(graph: &Graph, circle: &[String]) -> Vec<String> {
    let inside = |file: &String| circle.contains(file);
    graph
        .iter()
        .filter(|(file, _)| inside(file))
        .flat_map(|(file, used)| {
            used.iter()
                .filter(|used| inside(used))
                .map(move |used| format!("{file} -> {used}"))
        })
        .collect()
}
