//! Where a path leads: through imports, re-exports and globs to the module that defines what it names.

use std::collections::BTreeMap;

use crate::modules::{Module, ModulePath};

pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

pub(crate) enum Found {
    Module(ModulePath),
    /// Something that is no module, and the module that defines it.
    Item(ModulePath),
}

/// What the last name of a path may be: a path that goes on goes through modules and types alone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Last {
    Anything,
    Type,
}

impl Found {
    pub(crate) fn place(self) -> ModulePath {
        match self {
            Self::Module(path) | Self::Item(path) => path,
        }
    }
}

impl Crate {
    /// All that a path may lead to in this crate: a module and a function can have one name.
    pub(crate) fn resolve(
        &self,
        from: &ModulePath,
        path: &[String],
        last: Last,
        depth: usize,
    ) -> Vec<Found> {
        // Imports that go round in a circle end somewhere.
        if depth > 16 {
            return Vec::new();
        }
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let wanted = |place: usize| {
            if place == path.len() {
                last
            } else {
                Last::Type
            }
        };
        let parent = |module: &ModulePath| module.split_last().map(|(_, above)| above.to_vec());
        let mut here: Vec<Found> = match first.as_str() {
            "crate" => vec![Found::Module(Vec::new())],
            "self" => vec![Found::Module(from.clone())],
            "super" => parent(from).map(Found::Module).into_iter().collect(),
            name => self.lookup(from, name, wanted(1), depth),
        };
        for (place, name) in (2..).zip(rest) {
            here = here
                .into_iter()
                .flat_map(|found| match found {
                    Found::Module(module) if name == "super" => {
                        parent(&module).map(Found::Module).into_iter().collect()
                    }
                    Found::Module(module) => {
                        let inside = self.lookup(&module, name, wanted(place), depth);
                        let is_known =
                            || !self.lookup(&module, name, Last::Anything, depth).is_empty();
                        // Made by a macro, say.
                        if inside.is_empty() && !is_known() {
                            vec![Found::Item(module)]
                        } else {
                            inside
                        }
                    }
                    // A variant, an associated function.
                    Found::Item(_) => vec![found],
                })
                .collect();
        }
        here
    }

    /// What a name in a module may be.
    fn lookup(&self, module: &ModulePath, name: &str, last: Last, depth: usize) -> Vec<Found> {
        let Some(inside) = self.modules.get(module) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let is_value = last == Last::Anything && inside.values.contains(name);
        if is_value || inside.types.contains(name) {
            found.push(Found::Item(module.clone()));
        }
        if inside.children.contains(name) {
            let child = module.iter().cloned().chain([name.to_owned()]).collect();
            found.push(Found::Module(child));
        }
        for (_, path) in inside.imports.iter().filter(|(as_name, _)| as_name == name) {
            // `use other_crate::name` leads nowhere, and so it must not lead to itself.
            if path.len() > 1 || path[0] != name {
                found.extend(self.resolve(module, path, last, depth + 1));
            }
        }
        if !found.is_empty() {
            return found;
        }
        for glob in &inside.globs {
            for target in self.resolve(module, &glob.path, Last::Type, depth + 1) {
                match target {
                    Found::Module(target) if target != *module => {
                        found.extend(self.lookup(&target, name, last, depth + 1));
                    }
                    // The variants of an enum, which are not known here: any name may be one.
                    Found::Item(_) if name.starts_with(char::is_uppercase) => found.push(target),
                    _ => {}
                }
            }
        }
        found
    }
}
