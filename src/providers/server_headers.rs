//! Headers of an answer that are kept for logs and disputes.

use core::fmt;

use http::{HeaderName, Response};

/// Headers of an answer that an allow-list names, such as the server's request id, which it asks for in a
/// dispute. Nothing authenticates them but TLS.
///
/// A value that is longer than 256 bytes, or has other characters than visible ASCII and spaces, is left out,
/// and so is all but the first value of a name. `Debug` shows none of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ServerHeaders(Box<[(HeaderName, String)]>);

/// Longest value that is kept, in bytes.
const MAX_VALUE: usize = 256;

impl ServerHeaders {
    /// The allow-list by default: identifiers of the request and of its trace, and the server's times.
    pub const DEFAULT: [HeaderName; 9] = [
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("x-correlation-id"),
        HeaderName::from_static("x-amzn-requestid"),
        HeaderName::from_static("x-amzn-trace-id"),
        HeaderName::from_static("cf-ray"),
        HeaderName::from_static("traceparent"),
        HeaderName::from_static("traceresponse"),
        http::header::DATE,
        http::header::RETRY_AFTER,
    ];

    /// The headers of an answer that `allowed` names, in the order of the answer.
    #[must_use]
    pub fn of<B>(response: &Response<B>, allowed: &[HeaderName]) -> Self {
        let headers = response.headers();
        // Most answers have fewer names than the list, and a comparison costs less than a search in the map.
        let named = headers.keys().filter(|name| allowed.contains(name));
        let kept = named.filter_map(|name| {
            let value = headers.get(name)?.to_str().ok()?;
            let is_kept = value.len() <= MAX_VALUE && !value.contains('\t');
            is_kept.then(|| (name.clone(), value.to_owned()))
        });
        Self(kept.collect())
    }

    /// The value of a header, if it was kept. The name is in lower case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(kept, _)| kept == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }
}

impl fmt::Debug for ServerHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerHeaders({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_list_names_is_kept_and_only_if_it_is_short_and_printable() {
        let response = Response::builder()
            .header("x-request-id", "req-1")
            .header("x-request-id", "req-2")
            .header("x-correlation-id", "c".repeat(MAX_VALUE + 1))
            .header("traceparent", "a\tb")
            .header("cf-ray", b"\xff".as_slice())
            .header("set-cookie", "session=secret")
            .body(())
            .unwrap();
        let headers = ServerHeaders::of(&response, &ServerHeaders::DEFAULT);
        assert_eq!(headers.get("x-request-id"), Some("req-1"));
        assert_eq!(headers.iter().count(), 1);
        assert_eq!(format!("{headers:?}"), "ServerHeaders(1)");
        let cookies = ServerHeaders::of(&response, &[http::header::SET_COOKIE]);
        assert_eq!(cookies.get("set-cookie"), Some("session=secret"));
    }
}
