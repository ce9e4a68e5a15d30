//! Chrome's match patterns, which `referrer` is written in.

use core::net::Ipv6Addr;

use crate::providers::fields::required;
use crate::providers::{FieldProblem, PatternProblem, RequestError};

/// Which pages may use a token: a Chrome match pattern such as `https://www.example.com/*`.
///
/// By [Chrome's documentation](https://developer.chrome.com/docs/extensions/develop/concepts/match-patterns)
/// it is `<scheme>://<host>/<path>`:
/// - the scheme is `https`, `http`, or `*` for both;
/// - the host is a name or an address, `*` for all, or `*.` and a name for it and its subdomains;
/// - a port may follow, a number or `*`, and without one every port matches;
/// - the path starts with a slash and may hold `*` anywhere.
///
/// Two things that Chrome allows are refused here: `<all_urls>`, under which a lost token could be used on any
/// website, and `file`, since browsers send no referrer for files. Names beyond ASCII are written in their `xn--`
/// form, paths percent-encoded, as in URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchPattern(String);

impl MatchPattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`RequestError::Field`] that says what is wrong; it does not show the pattern.
    pub fn parse(text: &str) -> Result<Self, RequestError> {
        check(required("referrer", text)?)
            .map(|()| Self(text.to_owned()))
            .map_err(|problem| {
                RequestError::field("referrer", FieldProblem::MatchPattern { problem })
            })
    }

    /// The pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), PatternProblem> {
    if text == "<all_urls>" {
        return Err(PatternProblem::AllUrls);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(PatternProblem::WhiteSpace);
    }
    let (scheme, rest) = text.split_once("://").ok_or(PatternProblem::Scheme)?;
    if !["https", "http", "*"].contains(&scheme) {
        return Err(PatternProblem::Scheme);
    }
    let (authority, path) = rest.split_once('/').ok_or(PatternProblem::Path)?;
    // The colons inside the brackets of an address are not that of a port.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if !is_host(host) {
        return Err(PatternProblem::Host);
    }
    if !port.is_none_or(is_port) {
        return Err(PatternProblem::Port);
    }
    if path.is_ascii() {
        Ok(())
    } else {
        Err(PatternProblem::Path)
    }
}

fn is_host(host: &str) -> bool {
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = address {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    let name = host.strip_prefix("*.").unwrap_or(host);
    host == "*" || name.split('.').all(is_label)
}

fn is_port(port: &str) -> bool {
    port == "*"
        || port.bytes().all(|c| c.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
}
