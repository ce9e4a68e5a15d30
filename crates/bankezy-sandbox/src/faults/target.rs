//! What a fault is aimed at.

/// What faults can be aimed at.
pub(crate) struct Known {
    pub(crate) prefix: String,
    /// Paths without the prefix, and whether their answers are sealed.
    pub(crate) paths: Vec<(String, bool)>,
    /// Calls, and whether their answers are sealed.
    pub(crate) calls: Vec<(&'static str, bool)>,
}

impl Known {
    /// A path, with the prefix or without, and whether its answers are sealed.
    pub(crate) fn path(&self, path: &str) -> Option<bool> {
        let mut paths = self.paths.iter();
        let found = paths.find(|(known, _)| self.is_at(path, known));
        found.map(|(_, is_sealed)| *is_sealed)
    }

    /// Whether a path is this one, with the prefix or without.
    pub(super) fn is_at(&self, path: &str, wanted: &str) -> bool {
        path == wanted || path.strip_prefix(&*self.prefix) == Some(wanted)
    }

    /// A call by its name, and whether its answers are sealed.
    pub(crate) fn call(&self, name: &str) -> Option<(&'static str, bool)> {
        self.calls.iter().copied().find(|(known, _)| *known == name)
    }
}

/// Which requests a fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Any,
    Path(String),
    Call(&'static str),
}
