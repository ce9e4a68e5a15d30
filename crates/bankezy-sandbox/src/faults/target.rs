//! What a fault is aimed at.

/// A path that is emulated.
pub(crate) struct KnownPath {
    /// Such as `POST`, or `POST, GET`.
    pub(crate) methods: String,
    /// Without the prefix.
    pub(crate) path: String,
    /// Whether its answers are sealed.
    pub(crate) is_sealed: bool,
}

/// What is emulated, and so what faults can be aimed at.
pub(crate) struct Known {
    pub(crate) prefix: String,
    pub(crate) paths: Vec<KnownPath>,
    /// Calls, and whether their answers are sealed.
    pub(crate) calls: Vec<(&'static str, bool)>,
}

impl Known {
    /// A path, with the prefix or without, and whether its answers are sealed.
    pub(crate) fn path(&self, path: &str) -> Option<bool> {
        let mut paths = self.paths.iter();
        let found = paths.find(|known| self.is_at(path, &known.path));
        found.map(|known| known.is_sealed)
    }

    /// The methods of a path with its prefix, such as `POST`.
    pub(crate) fn methods(&self, path: &str) -> String {
        let of_path = self.paths.iter();
        let of_path = of_path.filter(|known| path.strip_prefix(&*self.prefix) == Some(&known.path));
        let methods: Vec<&str> = of_path.map(|known| known.methods.as_str()).collect();
        methods.join(", ")
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
