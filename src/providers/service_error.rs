//! The error of a service outside of these crates.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

/// The error of a service underneath: of a [`TokenStore`](super::TokenStore), or of what a transport sends through.
///
/// Its text may contain a URL or a body, so no `Display` or `Debug` of these crates shows it, and no
/// [`source`](Error::source) returns it. Two are equal if they are clones of each other.
#[derive(Clone)]
pub struct ServiceError(Arc<dyn Error + Send + Sync>);

impl ServiceError {
    /// Wraps an error whose text must not be shown.
    #[must_use]
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// The error itself, such as `tower::timeout::error::Elapsed`, for `is` and `downcast_ref`. Check what
    /// its text contains before logging it.
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

impl fmt::Debug for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceError([redacted])")
    }
}

/// An error and its sources, including the error that an [`std::io::Error`] wraps, which its `source` skips.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    core::iter::successors(Some(error), |&error| {
        match error.downcast_ref().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}
