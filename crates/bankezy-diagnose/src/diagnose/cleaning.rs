//! How a shell gets from a secret as written to the value without what is around it.

use std::sync::Arc;

/// What a shell does in place of removing a wrapper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Takes some of the octets.
    Cut { start: usize, len: usize },
    /// Runs a filter.
    Filter(&'static str),
    /// No simple command does it.
    ByHand,
}

impl Step {
    /// For a value that is part of another.
    pub(crate) fn cut(outer: &[u8], inner: &[u8]) -> Self {
        let start = inner.as_ptr().addr().checked_sub(outer.as_ptr().addr());
        let is_inside = |start: &usize| start.saturating_add(inner.len()) <= outer.len();
        start.filter(is_inside).map_or(Self::ByHand, |start| {
            let len = inner.len();
            Self::Cut { start, len }
        })
    }

    fn shell(self) -> Option<String> {
        match self {
            Self::Cut { start: 0, len } => Some(format!("head -c {len}")),
            Self::Cut { start, len } => {
                let first = start.saturating_add(1);
                Some(format!("tail -c +{first} | head -c {len}"))
            }
            Self::Filter(filter) => Some(filter.to_owned()),
            Self::ByHand => None,
        }
    }
}

/// The steps for all wrappers, from outside to inside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Cleaning(Arc<[Step]>);

impl Cleaning {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With one more step. A cut of a cut is one.
    pub(crate) fn then(&self, step: Step) -> Self {
        let mut steps = self.0.to_vec();
        match (steps.last_mut(), step) {
            (
                Some(Step::Cut { start, len }),
                Step::Cut {
                    start: more,
                    len: rest,
                },
            ) => {
                *start = start.saturating_add(more);
                *len = rest;
            }
            _ => steps.push(step),
        }
        Self(steps.into())
    }

    /// The filters, joined by pipes. `None` if one of the steps has none.
    pub(crate) fn shell(&self) -> Option<String> {
        let filters: Option<Vec<String>> = self.0.iter().map(|step| step.shell()).collect();
        filters.map(|filters| filters.join(" | "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_joined_and_filters_are_not() {
        let outer = b"NAME='v'\n";
        let cut = |outer: &[u8], inner: &[u8]| Step::cut(outer, inner);
        let quoted = Cleaning::default().then(cut(outer, &outer[5..8]));
        let value = quoted.then(cut(&outer[5..8], &outer[6..7]));
        assert_eq!(value.shell().unwrap(), "tail -c +7 | head -c 1");
        let filtered = value.then(Step::Filter("tr a b")).then(cut(b"vw", b"zz"));
        assert_eq!(filtered.shell(), None);
        let first = Cleaning::default().then(Step::Filter("tr a b"));
        let first = first.then(cut(outer, &outer[..4]));
        assert_eq!(first.shell().unwrap(), "tr a b | head -c 4");
    }
}
