//! Which key opened a message.

use std::sync::Arc;

/// Which key opened a message, beside its payload: from [`KeyRing::open`](crate::KeyRing::open) and
/// [`Channel::open_by_key`](crate::Channel::open_by_key).
///
/// It holds no secret: `Debug` shows the identifier that the caller chose for the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedByKey {
    key_id: Option<Arc<str>>,
    is_newest: bool,
}

impl OpenedByKey {
    /// By a key of a key ring. Rings make these; elsewhere they are of use in tests.
    #[must_use]
    pub fn new(key_id: impl Into<Arc<str>>, is_newest: bool) -> Self {
        Self {
            key_id: Some(key_id.into()),
            is_newest,
        }
    }

    /// By the only key of a channel that has no key ring.
    #[must_use]
    pub const fn only_key() -> Self {
        Self {
            key_id: None,
            is_newest: true,
        }
    }

    /// Identifier of the key in its [`KeyRing`](crate::KeyRing). `None` if there is no ring.
    #[must_use]
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// Whether it was the newest key of the [`KeyRing`](crate::KeyRing). `true` if there is no ring.
    /// If not, the sender has not rotated yet, or is ahead with a key that was added for opening.
    #[must_use]
    pub fn is_newest(&self) -> bool {
        self.is_newest
    }
}
