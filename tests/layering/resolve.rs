//! Resolves a path: through imports, re-exports and globs to the module that defines what it names.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Module, ModulePath};

pub(crate) struct Crate {
    pub(crate) modules: BTreeMap<ModulePath, Module>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// The names that are being looked up, each with its module. A name that leads back to itself, as
/// `$crate::here::Name` in a macro of `here` does, is not followed again: each of its imports would double the work.
type Open = Vec<(ModulePath, String, Last)>;

impl Found {
    pub(crate) fn place(self) -> ModulePath {
        match self {
            Self::Module(path) | Self::Item(path) => path,
        }
    }
}

impl Crate {
    /// All that a path may lead to in this crate, each once: a module and a function can have one name.
    pub(crate) fn resolve(
        &self,
        from: &ModulePath,
        path: &[String],
        last: Last,
    ) -> BTreeSet<Found> {
        self.follow(from, path, last, &mut Open::new())
    }

    fn follow(
        &self,
        from: &ModulePath,
        path: &[String],
        last: Last,
        open: &mut Open,
    ) -> BTreeSet<Found> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::new();
        };
        let wanted = |place: usize| {
            if place == path.len() {
                last
            } else {
                Last::Type
            }
        };
        let parent = |module: &ModulePath| module.split_last().map(|(_, above)| above.to_vec());
        let mut here: BTreeSet<Found> = match first.as_str() {
            "crate" => BTreeSet::from([Found::Module(Vec::new())]),
            "self" => BTreeSet::from([Found::Module(from.clone())]),
            "super" => parent(from).map(Found::Module).into_iter().collect(),
            name => self.lookup(from, name, wanted(1), open).unwrap_or_default(),
        };
        for (place, name) in (2..).zip(rest) {
            let mut next = BTreeSet::new();
            for found in here {
                match found {
                    Found::Module(module) if name == "super" => {
                        next.extend(parent(&module).map(Found::Module));
                    }
                    Found::Module(module) => {
                        let Some(inside) = self.lookup(&module, name, wanted(place), open) else {
                            continue;
                        };
                        let any = |open| self.lookup(&module, name, Last::Anything, open);
                        // Made by a macro, say.
                        if inside.is_empty() && any(open).is_some_and(|any| any.is_empty()) {
                            next.insert(Found::Item(module));
                        } else {
                            next.extend(inside);
                        }
                    }
                    // A variant, an associated function.
                    Found::Item(_) => {
                        next.insert(found);
                    }
                }
            }
            here = next;
        }
        here
    }

    /// What a name in a module may be; `None` if that is being looked up.
    fn lookup(
        &self,
        module: &ModulePath,
        name: &str,
        last: Last,
        open: &mut Open,
    ) -> Option<BTreeSet<Found>> {
        let this = (module.clone(), name.to_owned(), last);
        if open.contains(&this) {
            return None;
        }
        open.push(this);
        let found = self.inside(module, name, last, open);
        open.pop();
        Some(found)
    }

    fn inside(
        &self,
        module: &ModulePath,
        name: &str,
        last: Last,
        open: &mut Open,
    ) -> BTreeSet<Found> {
        let mut found = BTreeSet::new();
        let Some(inside) = self.modules.get(module) else {
            return found;
        };
        let is_value = last == Last::Anything && inside.values.contains(name);
        if is_value || inside.types.contains(name) {
            found.insert(Found::Item(module.clone()));
        }
        if inside.children.contains(name) {
            let child = module.iter().cloned().chain([name.to_owned()]).collect();
            found.insert(Found::Module(child));
        }
        for (_, path) in inside.imports.iter().filter(|(as_name, _)| as_name == name) {
            // `use other_crate::name` leads nowhere, and so it must not lead to itself.
            if path.len() > 1 || path[0] != name {
                found.extend(self.follow(module, path, last, open));
            }
        }
        if !found.is_empty() {
            return found;
        }
        for glob in &inside.globs {
            for target in self.follow(module, &glob.path, Last::Type, open) {
                match target {
                    Found::Module(target) if target != *module => {
                        found.extend(self.lookup(&target, name, last, open).unwrap_or_default());
                    }
                    // The variants of an enum, which are not known here: any name may be one.
                    Found::Item(_) if name.starts_with(char::is_uppercase) => {
                        found.insert(target);
                    }
                    _ => {}
                }
            }
        }
        found
    }
}
