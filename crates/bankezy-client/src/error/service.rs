//! The error of a service that is not ours.

use core::error::Error;
use std::sync::Arc;

/// The error of a service that a [`Transport`](crate::Transport) was made from, or of a token store.
///
/// Its text may hold a URL or a body, so neither `Display` nor `Debug` of ours shows it, and it is not
/// among the [`source`](Error::source)s. Two are equal if they are clones of each other.
#[derive(Clone)]
pub struct ServiceError(Arc<dyn Error + Send + Sync>);

impl ServiceError {
    /// Keeps an error without showing its text.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error itself, such as `tower::timeout::error::Elapsed`: for `is` and `downcast_ref`. Look
    /// at its text before it is logged.
    #[must_use]
    pub fn get(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl PartialEq for ServiceError {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for ServiceError {}
