//! Who may use the console: a page of its own origin, or a program with the token.
//!
//! A page of another site must not read the log: neither by a name of its own that it points at this machine (DNS
//! rebinding), which `Host` shows, nor by requests from elsewhere, which `Origin` shows.

use core::net::{IpAddr, SocketAddr};

use http::header::{AUTHORIZATION, HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::{Authority, Uri};
use http::{HeaderValue, StatusCode};
use subtle::ConstantTimeEq as _;

use super::failure::Failure;
use crate::error::SandboxError;

/// Names under which the console may be called.
pub(crate) struct Access {
    scheme: &'static str,
    port: u16,
    /// In lower case; IPv6 addresses in brackets.
    hosts: Vec<String>,
}

impl Access {
    pub(crate) fn new(
        scheme: &'static str,
        address: SocketAddr,
        more: &[String],
    ) -> Result<Self, SandboxError> {
        let mut hosts = ["localhost", "127.0.0.1", "[::1]"]
            .map(str::to_owned)
            .to_vec();
        // Not a site's name: it cannot be made to point at this machine.
        if !address.ip().is_unspecified() {
            hosts.push(bracketed(address.ip()));
        }
        for host in more {
            hosts.push(normalized(host).ok_or(SandboxError::Config {
                problem: "a host of the console is a name or an IP address, without scheme and port",
            })?);
        }
        Ok(Self {
            scheme,
            port: address.port(),
            hosts,
        })
    }

    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
        let foreign_host = || {
            let message = "the Host is not a name of this console with its port: call it as localhost, or add \
                           the name by --console-host";
            Failure::new(StatusCode::FORBIDDEN, "foreign-host", message)
        };
        let host = only(headers, &HOST).ok().flatten();
        let host = host.and_then(|host| host.to_str().ok());
        let host = host.filter(|host| self.is_own(host));
        let host = host.ok_or_else(foreign_host)?;
        // A request line with an address in it counts more than `Host` (RFC 9112 section 3.2.2).
        if let Some(authority) = uri.authority()
            && !authority.as_str().eq_ignore_ascii_case(host)
        {
            return Err(foreign_host());
        }
        let foreign_origin = || {
            let message =
                "the Origin is not that of this console: pages of other sites cannot use it";
            Failure::new(StatusCode::FORBIDDEN, "foreign-origin", message)
        };
        let origin = only(headers, &ORIGIN).map_err(|()| foreign_origin())?;
        let own = format!("{}://{host}", self.scheme);
        match origin {
            Some(origin) if !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()) => {
                Err(foreign_origin())
            }
            _ => Ok(()),
        }
    }

    /// One of the names, with exactly this port.
    fn is_own(&self, host: &str) -> bool {
        let default = if self.scheme == "https" { 443 } else { 80 };
        let host = host.to_ascii_lowercase();
        self.hosts.iter().any(|own| match host.strip_prefix(own) {
            Some("") => self.port == default,
            Some(port) => port == format!(":{}", self.port),
            None => false,
        })
    }
}

/// The value of a header that may occur once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => Err(()),
    }
}

/// `Authorization: Bearer TOKEN`.
pub(super) fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let Ok(Some(value)) = only(headers, &AUTHORIZATION) else {
        return false;
    };
    let Some((scheme, sent)) = value.as_bytes().split_at_checked(7) else {
        return false;
    };
    scheme.eq_ignore_ascii_case(b"bearer ") && bool::from(sent.ct_eq(token.as_bytes()))
}

/// A name or an address as it is written in `Host`; `None` if it is neither.
pub(super) fn normalized(host: &str) -> Option<String> {
    let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if let Ok(address) = bare.unwrap_or(host).parse::<IpAddr>() {
        return Some(bracketed(address));
    }
    let authority: Authority = host.parse().ok()?;
    let is_name = authority.host() == host
        && host
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-._".contains(&c));
    is_name.then(|| host.to_ascii_lowercase())
}

fn bracketed(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use core::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn headers(of: &[(&HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    fn check(access: &Access, uri: &str, of: &[(&HeaderName, &str)]) -> Result<(), &'static str> {
        let found = access.check(&uri.parse().unwrap(), &headers(of));
        found.map_err(|failure| failure.code)
    }

    #[test]
    fn only_names_of_this_machine_with_the_port_are_hosts() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let access = Access::new("http", address, &["10.0.2.2".to_owned()]).unwrap();
        for host in [
            "localhost:8080",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
            "10.0.2.2:8080",
        ] {
            assert_eq!(check(&access, "/", &[(&HOST, host)]), Ok(()), "{host}");
        }
        for host in [
            "",
            "localhost",
            "localhost:",
            "localhost:80",
            "localhost:08080",
            "localhost:8080:8080",
            "localhost.:8080",
            "localhost.example:8080",
            "evil-localhost:8080",
            "user@localhost:8080",
            "localhost:8080@evil",
            "127.0.0.1.nip.io:8080",
            "127.0.0.2:8080",
            "[::1]",
            "::1:8080",
            "0.0.0.0:8080",
            "example.com:8080",
        ] {
            assert_eq!(
                check(&access, "/", &[(&HOST, host)]),
                Err("foreign-host"),
                "{host}"
            );
        }
        assert_eq!(check(&access, "/", &[]), Err("foreign-host"));
        let two = [(&HOST, "localhost:8080"), (&HOST, "localhost:8080")];
        assert_eq!(check(&access, "/", &two), Err("foreign-host"));
        let own = [(&HOST, "localhost:8080")];
        assert_eq!(check(&access, "http://localhost:8080/", &own), Ok(()));
        assert_eq!(
            check(&access, "http://evil:8080/", &own),
            Err("foreign-host")
        );
    }

    #[test]
    fn the_port_is_left_out_where_it_is_the_default() {
        for (scheme, port) in [("http", 80), ("https", 443)] {
            let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            let access = Access::new(scheme, address, &[]).unwrap();
            for host in ["localhost".to_owned(), format!("[::1]:{port}")] {
                assert_eq!(check(&access, "/", &[(&HOST, &host)]), Ok(()), "{host}");
            }
        }
        let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 443));
        let access = Access::new("http", address, &[]).unwrap();
        for host in ["localhost", "0.0.0.0:443"] {
            assert_eq!(check(&access, "/", &[(&HOST, host)]), Err("foreign-host"));
        }
    }

    #[test]
    fn an_origin_is_that_of_the_host() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        let access = Access::new("http", address, &[]).unwrap();
        let with = |origin| {
            check(
                &access,
                "/",
                &[(&HOST, "localhost:8080"), (&ORIGIN, origin)],
            )
        };
        assert_eq!(with("http://localhost:8080"), Ok(()));
        for origin in [
            "null",
            "",
            "https://localhost:8080",
            "http://localhost",
            "http://localhost:80",
            "http://127.0.0.1:8080",
            "http://localhost:8080/",
            "http://evil.example",
        ] {
            assert_eq!(with(origin), Err("foreign-origin"), "{origin}");
        }
    }

    #[test]
    fn the_token_is_the_whole_of_one_header() {
        let with = |values: &[&str]| {
            let of: Vec<_> = values
                .iter()
                .map(|value| (&AUTHORIZATION, *value))
                .collect();
            has_token(&headers(&of), "abc")
        };
        assert!(with(&["Bearer abc"]) && with(&["bearer abc"]));
        for values in [
            &[][..],
            &["abc"],
            &["Bearer"],
            &["Bearer ab"],
            &["Bearer abcd"],
            &["Basic abc"],
            &["Bearer  abc"],
            &["Bearer abc", "Bearer abc"],
        ] {
            assert!(!with(values), "{values:?}");
        }
    }

    #[test]
    fn more_hosts_are_names_or_addresses() {
        for (host, found) in [
            ("10.0.2.2", "10.0.2.2"),
            ("::1", "[::1]"),
            ("[fe80::1]", "[fe80::1]"),
            ("Host.Docker.Internal", "host.docker.internal"),
        ] {
            assert_eq!(normalized(host).as_deref(), Some(found));
        }
        for host in ["", "a b", "a:80", "http://a", "*", "a/b", "user@a", "é"] {
            assert_eq!(normalized(host), None, "{host}");
        }
    }
}
