//! Why a request could not be built.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri};

use crate::error::{Error, ErrorCategory};

/// Why a request could not be built: what an implementation of [`TokenApi`](super::TokenApi) returns before
/// anything is sent.
///
/// It never holds a value of the request, so it can be logged as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// A URL or a path is refused; it is not shown.
    #[non_exhaustive]
    Url {
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// A field is refused; its value is not shown.
    #[non_exhaustive]
    Field {
        /// Its name, as documented.
        name: &'static str,
        /// What is wrong with it.
        problem: FieldProblem,
    },
    /// The body could not be written as JSON, or not be sealed.
    Envelope(Error),
}

/// What is wrong with a URL, a base URL or a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlProblem {
    /// Not an absolute URL with a scheme and a host, or not a URL at all.
    Invalid,
    /// Neither `https`, nor `http` on the loopback address.
    NotHttps,
    /// It holds a user name or password.
    UserInfo,
    /// It holds a query or a fragment.
    Query,
    /// A path that does not start with a slash, or with characters that no path has.
    Path,
    /// A path with a segment `.` or `..`, which would lead to another path than the one that is written.
    DotSegment,
    /// A `Host` header that names another host than the URL.
    Host,
}

/// What is wrong with a field of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is required and empty.
    Missing,
    /// It is too long.
    TooLong {
        /// The most, in characters.
        max: usize,
    },
    /// It is not a number in plain digits.
    NotANumber,
    /// There is no such day.
    NotADate,
    /// It was given already, or the call itself has one of that name.
    Duplicate,
    /// It holds characters that no header can carry.
    NotAHeaderValue,
    /// It holds a control character, such as the line break at the end of a file.
    ControlCharacter,
    /// It holds a colon, which separates name and password in Basic authentication (RFC 7617
    /// section 2).
    Colon,
    /// It is not a match pattern for web pages.
    MatchPattern {
        /// What is wrong with it.
        problem: PatternProblem,
    },
}

/// What is wrong with a Chrome match pattern, `<scheme>://<host>:<port>/<path>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternProblem {
    /// `<all_urls>`, under which any website could use the token.
    AllUrls,
    /// White space, which no URL holds.
    WhiteSpace,
    /// The scheme, up to `://`, is none of `https`, `http` and `*`.
    Scheme,
    /// The host is empty or not a name, or has a `*` that is neither the whole nor its first label.
    Host,
    /// The port is neither `*` nor a number from 1 to 65535.
    Port,
    /// It has no path (at least a slash follows the host), or one beyond ASCII.
    Path,
}

impl RequestError {
    /// A field is refused. `name` is shown: it is the documented name, never a value.
    #[must_use]
    pub const fn field(name: &'static str, problem: FieldProblem) -> Self {
        Self::Field { name, problem }
    }

    /// A stable identifier, such as `field.missing`, for logs, metrics and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Url { problem } => problem.code(),
            Self::Field { problem, .. } => problem.code(),
            Self::Envelope(error) => error.code(),
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn category(&self) -> ErrorCategory {
        match self {
            Self::Url { .. } | Self::Field { .. } => ErrorCategory::Misuse,
            Self::Envelope(error) => error.category(),
        }
    }

    /// One error of each kind but [`Envelope`](Self::Envelope), as for [`Error::examples`].
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let urls = [
            UrlProblem::Invalid,
            UrlProblem::NotHttps,
            UrlProblem::UserInfo,
            UrlProblem::Query,
            UrlProblem::Path,
            UrlProblem::DotSegment,
            UrlProblem::Host,
        ];
        let fields = [
            FieldProblem::Missing,
            FieldProblem::TooLong { max: 1000 },
            FieldProblem::NotANumber,
            FieldProblem::NotADate,
            FieldProblem::Duplicate,
            FieldProblem::NotAHeaderValue,
            FieldProblem::ControlCharacter,
            FieldProblem::Colon,
        ];
        let patterns = [
            PatternProblem::AllUrls,
            PatternProblem::WhiteSpace,
            PatternProblem::Scheme,
            PatternProblem::Host,
            PatternProblem::Port,
            PatternProblem::Path,
        ];
        let patterns = patterns.map(|problem| FieldProblem::MatchPattern { problem });
        let fields = fields.into_iter().chain(patterns);
        let fields = fields.map(|problem| Self::field("NAME", problem));
        urls.map(Self::from).into_iter().chain(fields).collect()
    }
}

impl UrlProblem {
    /// The code of an error with this problem, such as `url.not_https`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "url.invalid",
            Self::NotHttps => "url.not_https",
            Self::UserInfo => "url.user_info",
            Self::Query => "url.query",
            Self::Path => "url.path",
            Self::DotSegment => "url.dot_segment",
            Self::Host => "url.host",
        }
    }

    /// Whether a `Host` header, where the caller set one, names another host or port than the URL, or there are
    /// several: [`Host`](Self::Host).
    #[must_use]
    pub fn has_other_host(headers: &HeaderMap, uri: &Uri) -> bool {
        let default_port = match uri.scheme_str() {
            Some("http") => ":80",
            _ => ":443",
        };
        let without_default = |text: &str| {
            let host = text.strip_suffix(default_port).unwrap_or(text);
            host.to_ascii_lowercase()
        };
        let named = uri.authority().map(|it| without_default(it.as_str()));
        let mut hosts = headers.get_all(HOST).iter();
        let is_other = |host: &HeaderValue| host.to_str().ok().map(without_default) != named;
        hosts.next().is_some_and(is_other) || hosts.next().is_some()
    }

    /// Whether a host of a URL is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
    #[must_use]
    pub fn is_loopback(host: &str) -> bool {
        let v6 = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        host.eq_ignore_ascii_case("localhost")
            || host
                .parse()
                .is_ok_and(|address: Ipv4Addr| address.is_loopback())
            || v6
                .and_then(|address| address.parse().ok())
                .is_some_and(|address: Ipv6Addr| address.is_loopback())
    }

    /// Checks that a URL has no user name ([`UserInfo`](Self::UserInfo)), and that its path stays where it is
    /// ([`DotSegment`](Self::DotSegment)).
    ///
    /// # Errors
    /// What it has.
    pub fn check(uri: &Uri) -> Result<(), Self> {
        let has_user_info = |it: &Authority| it.as_str().contains('@');
        if uri.authority().is_some_and(has_user_info) {
            Err(Self::UserInfo)
        } else if Self::has_dot_segment(uri.path()) {
            Err(Self::DotSegment)
        } else {
            Ok(())
        }
    }

    /// Whether a path has a segment `.` or `..`, percent-encoded or not, which URL parsers fold away
    /// (RFC 3986 section 5.2.4): [`DotSegment`](Self::DotSegment).
    #[must_use]
    pub fn has_dot_segment(path: &str) -> bool {
        memchr::memchr2(b'.', b'%', path.as_bytes()).is_some()
            && path.split(['/', '\\']).any(is_dot_segment)
    }
}

fn is_dot_segment(mut segment: &str) -> bool {
    let mut dots = 0_usize;
    while !segment.is_empty() {
        let rest = segment.strip_prefix('.').or_else(|| {
            let (escape, rest) = segment.split_at_checked(3)?;
            escape.eq_ignore_ascii_case("%2e").then_some(rest)
        });
        let Some(rest) = rest else {
            return false;
        };
        dots = dots.saturating_add(1);
        segment = rest;
    }
    matches!(dots, 1 | 2)
}

impl FieldProblem {
    /// The code of an error with this problem, such as `field.missing`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "field.missing",
            Self::TooLong { .. } => "field.too_long",
            Self::NotANumber => "field.not_a_number",
            Self::NotADate => "field.not_a_date",
            Self::Duplicate => "field.duplicate",
            Self::NotAHeaderValue => "field.not_a_header_value",
            Self::ControlCharacter => "field.control_character",
            Self::Colon => "field.colon",
            Self::MatchPattern { problem } => problem.code(),
        }
    }
}

impl PatternProblem {
    /// The code of an error with this problem, such as `field.pattern_host`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::AllUrls => "field.pattern_all_urls",
            Self::WhiteSpace => "field.pattern_white_space",
            Self::Scheme => "field.pattern_scheme",
            Self::Host => "field.pattern_host",
            Self::Port => "field.pattern_port",
            Self::Path => "field.pattern_path",
        }
    }
}

impl core::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Envelope(error) => Some(error),
            Self::Url { .. } | Self::Field { .. } => None,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url { problem } => problem.fmt(f),
            Self::Field { name, problem } => write!(f, "`{name}` {problem}"),
            Self::Envelope(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the URL is not a valid absolute URL: expected https://HOST/PATH",
            Self::NotHttps => {
                "the URL is not https: plain http is only for localhost, 127.0.0.0/8 and [::1]"
            }
            Self::UserInfo => "the URL holds a user name or password: put credentials into headers",
            Self::Query => "the base URL holds a query or fragment: leave it out",
            Self::Path => "the path does not start with a slash, or is not a valid path",
            Self::DotSegment => {
                "the path holds a segment `.` or `..`, which leads elsewhere: write the path out"
            }
            Self::Host => "the Host header names another host than the URL: leave it out",
        })
    }
}

/// Follows the name of the field.
impl fmt::Display for FieldProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is required",
            Self::TooLong { max } => return write!(f, "has more than {max} characters"),
            Self::NotANumber => "is not a number in plain digits",
            Self::NotADate => "is not a date in the form YYYYMMDD",
            Self::Duplicate => "is a duplicate: the request already has one of that name",
            Self::NotAHeaderValue => "holds characters that a header cannot carry",
            Self::ControlCharacter => "holds a control character: look for a line break at its end",
            Self::Colon => "holds a colon, which Basic authentication cannot carry",
            Self::MatchPattern { problem } => {
                return write!(f, "is not a match pattern: {problem}");
            }
        })
    }
}

impl fmt::Display for PatternProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AllUrls => "<all_urls> would let any website use the token: name the host",
            Self::WhiteSpace => "it holds white space",
            Self::Scheme => "it does not start with https://, http:// or *://",
            Self::Host => {
                "its host is not an ASCII name or address, `*` alone, or `*.` before a name"
            }
            Self::Port => "its port is neither * nor a number from 1 to 65535",
            Self::Path => {
                "its path is missing or not ASCII: end it with /*, percent-encode the rest"
            }
        })
    }
}

impl From<UrlProblem> for RequestError {
    fn from(problem: UrlProblem) -> Self {
        Self::Url { problem }
    }
}

impl From<Error> for RequestError {
    fn from(error: Error) -> Self {
        Self::Envelope(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_header_says_what_the_url_says() {
        let is_other = |uri: &'static str, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
            }
            UrlProblem::has_other_host(&headers, &Uri::from_static(uri))
        };
        for (uri, hosts) in [
            ("https://example.com/", &[][..]),
            ("https://example.com/", &["EXAMPLE.com"]),
            ("https://example.com/", &["example.com:443"]),
            ("https://example.com:443/", &["example.com"]),
            ("https://example.com:8443/", &["example.com:8443"]),
            ("http://localhost:80/", &["localhost"]),
        ] {
            assert!(!is_other(uri, hosts), "{uri} {hosts:?}");
        }
        for (uri, hosts) in [
            ("https://example.com/", &["example.org"][..]),
            ("https://example.com/", &[""]),
            ("https://example.com/", &["example.com:80"]),
            ("https://example.com:8443/", &["example.com"]),
            ("https://example.com/", &["example.com", "example.com"]),
            ("https://example.com/", &["ex\u{e4}mple.com"]),
        ] {
            assert!(is_other(uri, hosts), "{uri} {hosts:?}");
        }
    }
}
