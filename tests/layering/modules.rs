//! The modules of a crate with what each defines, imports and names, read from the source with `syn`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

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
pub(crate) type ModulePath = Vec<String>;

#[derive(Default)]
pub(crate) struct Module {
    pub(crate) file: String,
    /// Types and traits: what a path can go through.
    pub(crate) types: BTreeSet<String>,
    /// Functions, constants and macros.
    pub(crate) values: BTreeSet<String>,
    pub(crate) children: BTreeSet<String>,
    /// Name in this module, and the path that it stands for.
    pub(crate) imports: BTreeSet<(String, Vec<String>)>,
    pub(crate) globs: Vec<Glob>,
    /// Paths that the code of this module names, imports that are no re-exports among them.
    pub(crate) uses: BTreeSet<Vec<String>>,
}

pub(crate) struct Glob {
    pub(crate) path: Vec<String>,
    pub(crate) is_reexport: bool,
}

/// The modules that are reachable from `root`, which is `lib.rs` or `main.rs`.
pub(crate) fn modules(sources: &Sources, root: &str) -> BTreeMap<ModulePath, Module> {
    let mut modules = BTreeMap::new();
    read(sources, root, Vec::new(), &mut modules);
    modules
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
    let mut has_macro = false;
    for item in found.iter().filter(|item| !is_test(attributes(item))) {
        for attribute in attributes(item) {
            for refused in ["path", "macro_use", "macro_export"] {
                assert!(
                    !attribute.path().is_ident(refused),
                    "{file}: #[{refused}] hides imports"
                );
            }
        }
        match item {
            Item::ExternCrate(renamed) => {
                assert!(
                    renamed.ident != "self",
                    "{file}: `extern crate self` hides imports"
                );
            }
            Item::Macro(definition) if definition.ident.is_some() => {
                has_macro = true;
                module.name(item);
                Code {
                    file,
                    module: &mut module,
                }
                .visit_item(item);
            }
            Item::Mod(inner) => {
                assert!(
                    !has_macro,
                    "{file}: a macro ahead of a module hides imports"
                );
                let name = text(&inner.ident);
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
                module.name(other);
                Code {
                    file,
                    module: &mut module,
                }
                .visit_item(other);
            }
        }
    }
    modules.insert(path, module);
}

/// Takes a tree of imports apart into single ones.
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, is_reexport: bool, module: &mut Module) {
    let mut import = |name: String, path: Vec<String>| {
        // `as _` brings a trait to use it here, whoever may see it.
        if !is_reexport || name == "_" {
            module.uses.insert(path.clone());
        }
        module.imports.insert((name, path));
    };
    match tree {
        UseTree::Path(part) => {
            prefix.push(text(&part.ident));
            flatten(&part.tree, prefix, is_reexport, module);
            prefix.pop();
        }
        UseTree::Name(part) if part.ident == "self" => {
            import(prefix.last().unwrap().clone(), prefix.clone());
        }
        UseTree::Name(part) => {
            let name = text(&part.ident);
            let path = prefix.iter().cloned().chain([name.clone()]).collect();
            import(name, path);
        }
        UseTree::Rename(part) => {
            let mut path = prefix.clone();
            if part.ident != "self" {
                path.push(text(&part.ident));
            }
            import(text(&part.rename), path);
        }
        UseTree::Glob(_) => module.globs.push(Glob {
            path: prefix.clone(),
            is_reexport,
        }),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, is_reexport, module);
            }
        }
    }
}

/// `r#b` is `b`.
fn text(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
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

impl Module {
    fn name(&mut self, item: &Item) {
        let (names, ident) = match item {
            Item::Enum(item) => (&mut self.types, &item.ident),
            Item::Struct(item) => (&mut self.types, &item.ident),
            Item::Trait(item) => (&mut self.types, &item.ident),
            Item::Type(item) => (&mut self.types, &item.ident),
            Item::Union(item) => (&mut self.types, &item.ident),
            Item::Const(item) => (&mut self.values, &item.ident),
            Item::Fn(item) => (&mut self.values, &item.sig.ident),
            Item::Static(item) => (&mut self.values, &item.ident),
            Item::Macro(item) => match &item.ident {
                Some(ident) => (&mut self.values, ident),
                None => return,
            },
            _ => return,
        };
        names.insert(text(ident));
    }
}

/// Collects the paths in code, in its macros and attributes as well.
struct Code<'a> {
    file: &'a str,
    module: &'a mut Module,
}

impl<'ast> Visit<'ast> for Code<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments = path.segments.iter().map(|part| text(&part.ident));
        self.module.uses.insert(segments.collect());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {
        // `pub(super)` uses nothing.
    }

    /// Inside a function; as if it stood at the top of the file.
    fn visit_item_use(&mut self, import: &'ast syn::ItemUse) {
        flatten(&import.tree, &mut Vec::new(), false, self.module);
    }

    fn visit_item_mod(&mut self, inner: &'ast syn::ItemMod) {
        panic!(
            "{}: the module {} is inside a function",
            self.file, inner.ident
        );
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        match &attribute.meta {
            syn::Meta::List(list) => tokens(list.tokens.clone(), &[], self.module),
            // Links of documentation use nothing.
            syn::Meta::NameValue(_) | syn::Meta::Path(_) => {}
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        assert!(
            !call.path.is_ident("include"),
            "{}: `include!` hides imports",
            self.file
        );
        visit::visit_macro(self, call);
        tokens(call.tokens.clone(), &[], self.module);
    }
}

/// The paths in tokens, which no grammar is known of. `prefix` is what stands before a group of imports.
fn tokens(stream: TokenStream, prefix: &[String], module: &mut Module) {
    let mut path = prefix.to_vec();
    let mut colons = 2;
    for token in stream {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    token_path(std::mem::replace(&mut path, prefix.to_vec()), module);
                }
                path.push(text(&ident));
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Punct(punct) if punct.as_char() == '*' && colons == 2 => {
                module.globs.push(Glob {
                    path: path.clone(),
                    is_reexport: false,
                });
            }
            TokenTree::Group(group) => {
                // `use crate::{a, b}`
                let grouped = group.delimiter() == Delimiter::Brace && colons == 2;
                tokens(group.stream(), if grouped { &path } else { &[] }, module);
            }
            other => {
                token_path(std::mem::replace(&mut path, prefix.to_vec()), module);
                colons = 2;
                // Attributes name functions by text: `default = "crate::a::f"`.
                if let TokenTree::Literal(literal) = other
                    && let Ok(named) = literal.to_string().trim_matches('"').parse::<TokenStream>()
                    && literal.to_string().starts_with("\"crate::")
                {
                    tokens(named, &[], module);
                }
            }
        }
    }
    token_path(path, module);
}

/// Whether a path among tokens is an import cannot be told, so it counts as one as well.
fn token_path(path: Vec<String>, module: &mut Module) {
    if let Some(last) = path.last().filter(|_| path.len() > 1) {
        module.imports.insert((last.clone(), path.clone()));
    }
    if !path.is_empty() {
        module.uses.insert(path);
    }
}
