//! Where a provider's API is.

use core::fmt;

use http::Uri;

use crate::providers::{RequestError, UrlProblem};

/// The base URL of an API, with a path prefix or without: `https`, or `http` on the loopback
/// address for tests.
///
/// `Debug` shows the host alone: prefixes and ports tell more than a log needs.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Without a slash at the end.
    text: String,
    host: String,
}

impl BaseUrl {
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Reads a base URL such as `https://api.example.com/kong`.
    ///
    /// # Errors
    /// [`RequestError::Url`] that says what is wrong; it never shows the URL.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        let uri: Uri = text.parse().map_err(|_| UrlProblem::Invalid)?;
        let host = uri.host().ok_or(UrlProblem::Invalid)?;
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if UrlProblem::is_loopback(host) => {}
            _ => return Err(UrlProblem::NotHttps.into()),
        }
        UrlProblem::check(&uri)?;
        // `Uri` drops a fragment without a word.
        if text.contains(['?', '#']) {
            return Err(UrlProblem::Query.into());
        }
        Ok(Self {
            text: text.trim_end_matches('/').to_owned(),
            host: host.to_owned(),
        })
    }

    /// The whole, without a slash at the end.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of a path, which starts with a slash and stays below the base URL.
    pub(crate) fn join(&self, path: &str) -> Result<Uri, RequestError> {
        if !path.starts_with('/') {
            return Err(UrlProblem::Path.into());
        }
        let (before_query, _) = path.split_once('?').unwrap_or((path, ""));
        if UrlProblem::has_dot_segment(before_query) {
            return Err(UrlProblem::DotSegment.into());
        }
        let joined = format!("{}{path}", self.text);
        // Taken over, not copied: it may hold a secret, and a `Uri` is not wiped.
        Uri::try_from(joined).map_err(|_| UrlProblem::Path.into())
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.host)
    }
}
