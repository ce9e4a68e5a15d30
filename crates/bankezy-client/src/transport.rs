//! One attempt: a request checked and sent, its answer read up to the cap.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use core::{fmt, mem};
use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;

use bankezy_crypto::{SecretBytes, SecretText};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, Uri, Version};
use http_body::{Body, Frame, SizeHint};
use reqwest::Url;
use tokio::time::{Instant, timeout_at};
use url::Host;

use super::classify::classify;
use super::{ClientError, Sent, UrlProblem};

/// How much is set aside on the word of `Content-Length`.
const MAX_INITIAL_CAPACITY: usize = 64 * 1024;

/// The connections. Plain HTTP has its own, which know no proxy.
pub(super) struct Transport {
    secure: reqwest::Client,
    loopback: reqwest::Client,
    max_response_len: usize,
}

/// A request that has passed all checks.
pub(super) struct Prepared {
    request: reqwest::Request,
    plain: bool,
    started: Arc<AtomicBool>,
    summary: Summary,
}

/// What may be told of a request.
#[derive(Clone)]
pub(super) struct Summary {
    pub(super) method: Method,
    pub(super) host: String,
    pub(super) body_len: usize,
}

impl Transport {
    pub(super) fn new(
        secure: reqwest::Client,
        loopback: reqwest::Client,
        max_response_len: usize,
    ) -> Self {
        Self {
            secure,
            loopback,
            max_response_len,
        }
    }

    pub(super) fn max_response_len(&self) -> usize {
        self.max_response_len
    }

    pub(super) async fn run(
        &self,
        prepared: Prepared,
        deadline: Instant,
    ) -> Result<Response<SecretBytes>, ClientError> {
        // Nothing is begun that has no time left, such as after a slow closure.
        if Instant::now() >= deadline {
            return Err(ClientError::Timeout { sent: Sent::No });
        }
        let started = prepared.started.clone();
        let sent = || match started.load(Ordering::Acquire) {
            true => Sent::Maybe,
            false => Sent::No,
        };
        let client = match prepared.plain {
            true => &self.loopback,
            false => &self.secure,
        };
        let exchange = async {
            let response = client
                .execute(prepared.request)
                .await
                .map_err(|error| classify(&error, sent()))?;
            self.read(response).await
        };
        match timeout_at(deadline, exchange).await {
            Ok(result) => result,
            Err(_) => Err(ClientError::Timeout { sent: sent() }),
        }
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
    ) -> Result<Response<SecretBytes>, ClientError> {
        let max = self.max_response_len;
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > max {
            return Err(ClientError::ResponseTooLong { max });
        }
        let mut body = SecretBytes::with_capacity(announced.min(MAX_INITIAL_CAPACITY));
        let interrupted = |error| classify(&error, Sent::Maybe);
        while let Some(chunk) = response.chunk().await.map_err(interrupted)? {
            if chunk.len() > max - body.as_bytes().len() {
                return Err(ClientError::ResponseTooLong { max });
            }
            // Appending to memory does not fail.
            let _ = body.write_all(&chunk);
        }
        let mut answer = Response::new(body);
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Prepared {
    pub(super) fn new(request: Request<SecretBytes>) -> Result<Self, ClientError> {
        let (parts, body) = request.into_parts();
        let url = url(&parts.uri)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let plain = match url.scheme() {
            "https" => false,
            "http" if is_loopback(&url) => true,
            _ => return Err(ClientError::NotHttps),
        };
        let summary = Summary {
            method: parts.method.clone(),
            host,
            body_len: body.as_bytes().len(),
        };
        let started = Arc::new(AtomicBool::new(false));
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        // The length is ours to tell: one that differs would let a proxy see two requests in one.
        request.headers_mut().remove(CONTENT_LENGTH);
        request.headers_mut().remove(TRANSFER_ENCODING);
        *request.version_mut() = Version::HTTP_11;
        *request.body_mut() = Some(reqwest::Body::wrap(WatchedBody {
            // Wipes itself when the last one who holds it is done.
            bytes: Bytes::from_owner(body),
            started: started.clone(),
        }));
        Ok(Self {
            request,
            plain,
            started,
            summary,
        })
    }

    pub(super) fn summary(&self) -> Summary {
        self.summary.clone()
    }
}

/// Whether the host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What is checked is the URL as it will be used, after the parser's normalisation.
fn url(uri: &Uri) -> Result<Url, ClientError> {
    let refused = |problem| ClientError::InvalidUrl { problem };
    let (Some(_), Some(authority)) = (uri.scheme(), uri.authority()) else {
        return Err(refused(UrlProblem::NotAbsolute));
    };
    if authority.as_str().contains('@') {
        return Err(refused(UrlProblem::UserInfo));
    }
    let text = SecretText::from(uri.to_string());
    let url = Url::parse(text.as_str()).map_err(|_| refused(UrlProblem::Malformed))?;
    match url.host_str() {
        None | Some("") => Err(refused(UrlProblem::NotAbsolute)),
        Some(_) => Ok(url),
    }
}

/// A body in one piece that notes when HTTP begins to write its request: hyper asks for the end of
/// the stream right before it writes the head, and for the frame after that.
struct WatchedBody {
    bytes: Bytes,
    started: Arc<AtomicBool>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.started.store(true, Ordering::Release);
        let bytes = mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.started.store(true, Ordering::Release);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(uri: &str) -> Result<Prepared, ClientError> {
        let uri = uri.parse().unwrap();
        let mut request = Request::new(SecretBytes::new());
        *request.uri_mut() = uri;
        Prepared::new(request)
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
            assert!(prepare(uri).unwrap().plain, "{uri}");
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
            assert!(matches!(prepare(uri), Err(ClientError::NotHttps)), "{uri}");
        }
        assert!(!prepare("https://localhost/").unwrap().plain);
    }

    #[test]
    fn urls_are_absolute_and_without_credentials() {
        for (uri, expected) in [
            ("/token", UrlProblem::NotAbsolute),
            ("example.com:443", UrlProblem::NotAbsolute),
            ("https://name:pass@example.com/", UrlProblem::UserInfo),
            ("http://127.0.0.1@example.com/", UrlProblem::UserInfo),
            ("https://1.2.3.4.5/", UrlProblem::Malformed),
        ] {
            match prepare(uri) {
                Err(ClientError::InvalidUrl { problem }) => assert_eq!(problem, expected, "{uri}"),
                other => panic!("{uri}: {other:?}"),
            }
        }
    }
}
