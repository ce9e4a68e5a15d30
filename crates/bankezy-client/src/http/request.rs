//! A request that is checked and ready to be sent.

use bankezy_crypto::providers::UrlProblem;
use bankezy_crypto::{Delivery, DeliveryTracker, SecretText};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version};
use http_body::Body as _;
use http_body_util::Full;
use reqwest::Url;

use super::watched::WatchedBody;
use crate::ClientError;
use crate::transport::timed_out;

/// hyper may write a head longer than this, in bytes, before it asks for the body.
const MAX_HELD_HEAD: usize = 128 * 1024;

/// A request that has passed all checks, and whether it is sent without TLS. It is taken from the caller, and has a
/// tracker of its own if it comes from middleware, which may make several exchanges of one request.
pub(super) fn prepare(
    mut request: Request<Full<Bytes>>,
    exchange: &DeliveryTracker,
) -> Result<(reqwest::Request, bool), ClientError> {
    let of_request = request.extensions_mut().remove::<DeliveryTracker>();
    // Before it is cloned: a clone of what nobody took counts as a copy for another transport.
    let is_wanted = exchange.take();
    let exchange = exchange.clone();
    let of_request = of_request.unwrap_or_else(|| exchange.clone());
    // The caller has stopped waiting.
    if !is_wanted || !of_request.take() {
        return Err(timed_out(Delivery::NotSent));
    }
    let (parts, body) = request.into_parts();
    let url = url(&parts.uri)?;
    let plain = match url.scheme() {
        "https" => false,
        "http" if url.host_str().is_some_and(UrlProblem::is_loopback) => true,
        _ => return Err(UrlProblem::NotHttps.into()),
    };
    if UrlProblem::has_other_host(&parts.headers, &parts.uri) {
        return Err(UrlProblem::Host.into());
    }
    // RFC 9110 section 8.6: the length is sent if the method expects a body. hyper does not send a length of 0.
    let is_empty =
        body.is_end_stream() && matches!(parts.method, Method::POST | Method::PUT | Method::PATCH);
    let body = WatchedBody {
        inner: body,
        exchange,
        of_request,
    };
    let line = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 4;
    let head_len: usize = parts.headers.iter().map(line).sum();
    if head_len > MAX_HELD_HEAD && !body.begin() {
        return Err(timed_out(Delivery::NotSent));
    }
    let mut request = reqwest::Request::new(parts.method, url);
    *request.headers_mut() = parts.headers;
    // hyper sets the length. A different one would let a proxy see two requests in one.
    let headers = request.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
    if is_empty {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    // Middleware above may decode; nothing here does.
    let encoding = headers.entry(ACCEPT_ENCODING);
    encoding.or_insert(HeaderValue::from_static("identity"));
    *request.version_mut() = Version::HTTP_11;
    *request.body_mut() = Some(reqwest::Body::wrap(body));
    Ok((request, plain))
}

/// Checks the URL as it will be used, after the parser's normalisation.
fn url(uri: &Uri) -> Result<Url, ClientError> {
    // With a scheme, `Uri` has an authority too.
    uri.scheme().ok_or(UrlProblem::Invalid)?;
    UrlProblem::check(uri)?;
    let text = SecretText::from(uri.to_string());
    let url = Url::parse(text.as_str()).ok().filter(Url::has_host);
    Ok(url.ok_or(UrlProblem::Invalid)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a request to this URI is sent without TLS.
    fn is_plain(uri: &str) -> Result<bool, ClientError> {
        let uri = uri.parse().unwrap();
        let mut request = Request::new(Full::default());
        *request.uri_mut() = uri;
        Ok(prepare(request, &DeliveryTracker::new())?.1)
    }

    #[test]
    fn plain_http_goes_to_loopback_hosts_alone() {
        for uri in [
            "http://localhost/",
            "http://LOCALHOST:80/",
            "http://127.0.0.1:8080/a",
            "http://127.255.255.254/",
            "http://127.1/",
            "http://0x7f.1/",
            "http://[::1]:1/",
        ] {
            assert!(is_plain(uri).unwrap(), "{uri}");
        }
        for uri in [
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost./",
            "http://0.0.0.0/",
            "http://128.0.0.1/",
            "http://10.0.0.1/",
            "http://[::]/",
            "http://[::2]/",
            "http://[::ffff:127.0.0.1]/",
            "ftp://localhost/",
            "ws://localhost/",
        ] {
            let not_https = Some(ClientError::from(UrlProblem::NotHttps));
            assert_eq!(is_plain(uri).err(), not_https, "{uri}");
        }
        assert!(!is_plain("https://localhost/").unwrap());
    }

    #[test]
    fn urls_are_absolute_and_without_credentials() {
        for (uri, expected) in [
            ("/token", UrlProblem::Invalid),
            ("example.com:443", UrlProblem::Invalid),
            ("https://name:pass@example.com/", UrlProblem::UserInfo),
            ("http://127.0.0.1@example.com/", UrlProblem::UserInfo),
            ("https://1.2.3.4.5/", UrlProblem::Invalid),
            ("https://example.com/../admin", UrlProblem::DotSegment),
            ("https://example.com/a/.", UrlProblem::DotSegment),
            ("https://example.com/a/%2E%2e/b", UrlProblem::DotSegment),
            ("https://example.com/a/.%2e?b", UrlProblem::DotSegment),
        ] {
            assert_eq!(
                is_plain(uri).err(),
                Some(ClientError::from(expected)),
                "{uri}"
            );
        }
    }

    #[test]
    fn dots_that_fold_nothing_away_are_part_of_a_path() {
        for uri in [
            "https://example.com/...",
            "https://example.com/a..b/.c/%2e%2e%2e/d.",
            "https://example.com/?a=/../b",
        ] {
            assert!(is_plain(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn a_head_that_hyper_would_flush_early_counts_as_begun_at_once() {
        for (len, delivery) in [
            (1000, Delivery::NotSent),
            (MAX_HELD_HEAD, Delivery::PossiblySent),
        ] {
            let mut request = Request::new(Full::default());
            *request.uri_mut() = "https://localhost/".parse().unwrap();
            let long = "x".repeat(len).parse().unwrap();
            request.headers_mut().insert("x-long", long);
            let (tracker, exchange) = (DeliveryTracker::new(), DeliveryTracker::new());
            request.extensions_mut().insert(tracker.clone());
            let _prepared = prepare(request, &exchange.clone()).unwrap();
            assert_eq!(exchange.abandon(), delivery);
            assert_eq!(tracker.abandon(), delivery);
        }
    }
}
