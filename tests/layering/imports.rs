//! Which file of a crate uses what another file of it defines, read from the source with `syn`.
//!
//! An edge goes from a file to the file that defines a name it uses, whichever way the name came:
//! `crate::`, `self::`, `super::`, a child module's name, a name that was imported, a glob, a path inside
//! a macro's arguments. Re-exports are looked through. A facade's `mod` and `pub use` are no edge, nor is
//! code under `#[cfg(test)]`. Methods are not seen: which file an `impl` is in, a call does not say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

/// Files, by their path below `src`, and the files that each uses.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// A crate's source, by path below `src`.
pub(crate) type Sources = BTreeMap<String, String>;

pub(crate) fn sources(folder: &Path) -> Sources {
    let mut found = Sources::new();
    collect(folder, "", &mut found);
    found
}

fn collect(folder: &Path, prefix: &str, found: &mut Sources) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            collect(&path, &format!("{prefix}{name}/"), found);
        } else if name.ends_with(".rs") {
            found.insert(
                format!("{prefix}{name}"),
                fs::read_to_string(&path).unwrap(),
            );
        }
    }
}

/// The module path of each module, such as `["keys", "jwk"]`; the root's is empty.
type ModulePath = Vec<String>;

#[derive(Default)]
struct Module {
    file: String,
    items: BTreeSet<String>,
    children: BTreeSet<String>,
    /// Name in this module, and the path that it stands for.
    imports: Vec<(String, Vec<String>)>,
    globs: Vec<Vec<String>>,
    /// Paths that the code of this module names, imports that are no re-exports among them.
    uses: Vec<Vec<String>>,
}

/// Reads the modules that are reachable from `root`, which is `lib.rs` or `main.rs`.
pub(crate) fn graph(sources: &Sources, root: &str) -> Graph {
    let mut modules = BTreeMap::new();
    read(sources, root, Vec::new(), &mut modules);
    let crate_ = Crate { modules };
    let mut graph = Graph::new();
    for (path, module) in &crate_.modules {
        let edges = graph.entry(module.file.clone()).or_default();
        for used in &module.uses {
            if let Some(file) = crate_.defining_file(path, used, 0)
                && file != module.file
            {
                edges.insert(file);
            }
        }
        for glob in &module.globs {
            // All that it brings may be used.
            if let Some(Found::Module(target)) = crate_.resolve(path, glob, 0) {
                let file = &crate_.modules[&target].file;
                if *file != module.file {
                    edges.insert(file.clone());
                }
            }
        }
    }
    graph
}

fn read(
    sources: &Sources,
    file: &str,
    path: ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) {
    let text = sources
        .get(file)
        .unwrap_or_else(|| panic!("no file {file} for the module {path:?}"));
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let folder = match file.rsplit_once('/') {
        Some((folder, "mod.rs")) => format!("{folder}/"),
        None if ["lib.rs", "main.rs"].contains(&file) => String::new(),
        _ => format!("{}/", file.strip_suffix(".rs").unwrap()),
    };
    items(sources, file, &folder, &parsed.items, path, modules);
}

fn items(
    sources: &Sources,
    file: &str,
    folder: &str,
    found: &[Item],
    path: ModulePath,
    modules: &mut BTreeMap<ModulePath, Module>,
) {
    let mut module = Module {
        file: file.to_owned(),
        ..Module::default()
    };
    for item in found.iter().filter(|item| !is_test(attributes(item))) {
        match item {
            Item::Mod(inner) => {
                let name = inner.ident.to_string();
                module.children.insert(name.clone());
                let child: ModulePath = path.iter().cloned().chain([name.clone()]).collect();
                match &inner.content {
                    Some((_, inside)) => {
                        let folder = format!("{folder}{name}/");
                        items(sources, file, &folder, inside, child, modules);
                    }
                    None => {
                        let flat = format!("{folder}{name}.rs");
                        let nested = format!("{folder}{name}/mod.rs");
                        let file = if sources.contains_key(&flat) {
                            flat
                        } else {
                            nested
                        };
                        read(sources, &file, child, modules);
                    }
                }
            }
            Item::Use(import) => {
                let is_reexport = !matches!(import.vis, Visibility::Inherited);
                flatten(&import.tree, &mut Vec::new(), is_reexport, &mut module);
            }
            other => {
                module.items.extend(name(other));
                Paths(&mut module.uses).visit_item(other);
            }
        }
    }
    modules.insert(path, module);
}

/// Takes a tree of imports apart into single ones.
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, is_reexport: bool, module: &mut Module) {
    let mut import = |name: String, path: Vec<String>| {
        if !is_reexport {
            module.uses.push(path.clone());
        }
        module.imports.push((name, path));
    };
    match tree {
        UseTree::Path(part) => {
            prefix.push(part.ident.to_string());
            flatten(&part.tree, prefix, is_reexport, module);
            prefix.pop();
        }
        UseTree::Name(part) if part.ident == "self" => {
            import(prefix.last().unwrap().clone(), prefix.clone());
        }
        UseTree::Name(part) => {
            let name = part.ident.to_string();
            let path = prefix.iter().cloned().chain([name.clone()]).collect();
            import(name, path);
        }
        UseTree::Rename(part) => {
            let mut path = prefix.clone();
            if part.ident != "self" {
                path.push(part.ident.to_string());
            }
            import(part.rename.to_string(), path);
        }
        UseTree::Glob(_) => module.globs.push(prefix.clone()),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, is_reexport, module);
            }
        }
    }
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` or `#[cfg(doctest)]`.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test") || path.is_ident("doctest"))
    })
}

fn name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        _ => return None,
    };
    Some(name.to_string())
}

/// Collects the paths in code, in its macros' arguments as well.
struct Paths<'a>(&'a mut Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|part| part.ident.to_string());
        self.0.push(segments.collect());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(super)` uses nothing.
    }

    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        // Inside a function.
        let mut inside = Module::default();
        flatten(&import.tree, &mut Vec::new(), false, &mut inside);
        self.0.extend(inside.uses);
        self.0.extend(inside.globs);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        tokens(call.tokens.clone(), self.0);
    }
}

fn tokens(stream: TokenStream, found: &mut Vec<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in stream {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    found.push(std::mem::take(&mut path));
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => tokens(group.stream(), found),
            _ => {
                found.push(std::mem::take(&mut path));
                colons = 0;
            }
        }
    }
    found.push(path);
    found.retain(|path| !path.is_empty());
}

struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

enum Found {
    Module(ModulePath),
    /// Something that is no module, and the module that defines it.
    Item(ModulePath),
}

impl Crate {
    /// The file that defines what a path leads to; `None` for what is no part of this crate, and for a
    /// module as such: what is used of it, another path names.
    fn defining_file(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<String> {
        match self.resolve(from, path, depth)? {
            Found::Item(module) => Some(self.modules[&module].file.clone()),
            Found::Module(_) => None,
        }
    }

    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<Found> {
        // Imports that go round in a circle end somewhere.
        if depth > 32 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let mut here = match first.as_str() {
            "crate" => Found::Module(Vec::new()),
            "self" => Found::Module(from.clone()),
            "super" => Found::Module(from[..from.len().checked_sub(1)?].to_vec()),
            name => self.lookup(from, name, depth)?,
        };
        for name in rest {
            here = match here {
                Found::Module(module) if name == "super" => {
                    Found::Module(module[..module.len().checked_sub(1)?].to_vec())
                }
                Found::Module(module) => self.lookup(&module, name, depth)?,
                // A variant, an associated function.
                Found::Item(_) => return Some(here),
            };
        }
        Some(here)
    }

    /// What a name in a module is.
    fn lookup(&self, module: &ModulePath, name: &str, depth: usize) -> Option<Found> {
        let inside = self.modules.get(module)?;
        if inside.items.contains(name) {
            return Some(Found::Item(module.clone()));
        }
        if inside.children.contains(name) {
            return Some(Found::Module(
                module.iter().cloned().chain([name.to_owned()]).collect(),
            ));
        }
        let imported = inside.imports.iter().filter(|(as_name, _)| as_name == name);
        let mut paths = imported.map(|(_, path)| path.clone());
        // `use other_crate::name` leads nowhere, and so it must not lead to itself.
        paths
            .find_map(|path| {
                let is_itself = path.len() == 1 && path[0] == name;
                (!is_itself).then(|| self.resolve(module, &path, depth + 1))?
            })
            .or_else(|| {
                inside.globs.iter().find_map(|glob| {
                    match self.resolve(module, glob, depth + 1)? {
                        Found::Module(target) if target != *module => {
                            self.lookup(&target, name, depth + 1)
                        }
                        _ => None,
                    }
                })
            })
    }
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

/// What can be reached from a file by one edge or more.
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
