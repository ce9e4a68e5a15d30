//! Sends a sealed callback, as BankEzy's server may send to a partner.

use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use bankezy_crypto::providers::UrlProblem;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::access::normalized;
use super::failure::Failure;
use super::keys::{KEY, NamedKey, named, text_to_seal};
use super::request::{Asked, Console, Outcome, ok};
use crate::bodies::bare;
use crate::log::{Recording, Trace};
use crate::members::{MemberError, Members};

const DEADLINE: Duration = Duration::from_secs(10);
/// These belong to the connection.
const RESERVED: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
];

pub(super) async fn send(asked: Asked<'_>) -> Outcome {
    let console = Arc::clone(asked.console);
    let members = asked
        .members(&["url", "key", "body", "text", "headers"])
        .await?;
    let place = Place::parse(&members, &console.callback_hosts)?;
    let name: String = members.required("key", KEY)?;
    let key = named(&console.state, &name)?;
    let text = text_to_seal(&members)?;
    let sealed = console.state.keys.seal(&key.channel, text.as_bytes());
    let sealed = sealed.map_err(|error| Failure::bad_request("not-sealed", error.to_string()))?;
    let request = place.request(headers(&members)?, sealed.clone())?;

    let addresses = place.resolve().await?;
    let first = addresses
        .first()
        .copied()
        .ok_or_else(|| unreachable("the name has no address"))?;
    let recording =
        console.state.journal.as_ref().map(|journal| {
            Recording::start(journal, first, Method::POST.as_str(), place.uri.path())
        });
    let trace = recording
        .as_ref()
        .map(|it| it.trace.clone())
        .unwrap_or_default();
    trace.with(|draft| draft.call = Some("callback"));
    trace.note("sent by the emulator: the request is its own, the answer is the caller's");
    trace.request(request.headers(), sealed.as_bytes());
    trace.opened(text.as_bytes(), || key.described(&console.state));
    let started = Instant::now();
    let exchanged = exchange(&console, &addresses, request);
    let exchanged = match tokio::time::timeout(DEADLINE, exchanged).await {
        Ok(exchanged) => exchanged,
        Err(_) => Err(unreachable("no answer within 10 s")),
    };
    if let Err(failure) = &exchanged {
        trace.note(failure.message.clone());
    }
    let answered = exchanged.map(|(status, headers, body)| {
        let opened = opened(&console, &key, &trace, &body);
        trace.answer(status, &headers, Some(&body));
        ok(&json!({
            "status": status.as_u16(),
            "text": String::from_utf8_lossy(&body),
            "opened": opened,
            "durationMs": started.elapsed().as_micros() as f64 / 1000.0,
        }))
    });
    if let Some(recording) = recording {
        recording.end();
    }
    answered
}

/// The answer's text, if it is sealed under the key of the callback.
fn opened(console: &Console, key: &NamedKey, trace: &Trace, body: &[u8]) -> Option<String> {
    let opened = key.open(&console.state, bare(body))?;
    trace.answered(opened.as_bytes(), || key.described(&console.state));
    Some(String::from_utf8_lossy(opened.as_bytes()).into_owned())
}

/// Where a callback goes.
struct Place {
    uri: Uri,
    host: String,
    port: u16,
    /// A loopback name: no other address is taken for it.
    is_loopback: bool,
}

impl Place {
    fn parse(members: &Members, allowed: &[String]) -> Result<Self, Failure> {
        let expected = "an http URL, such as http://127.0.0.1:9000/hook";
        let invalid = || MemberError::Invalid {
            name: "url",
            expected: expected.to_owned(),
        };
        let url: String = members.required("url", expected)?;
        let uri: Uri = url.parse().map_err(|_| invalid())?;
        let authority = uri.authority().filter(|it| !it.as_str().contains('@'));
        let (Some("http"), Some(authority)) = (uri.scheme_str(), authority) else {
            return Err(invalid().into());
        };
        let host = normalized(authority.host()).ok_or_else(invalid)?;
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str() == authority.host() => 80,
            None => return Err(invalid().into()),
        };
        let is_loopback = UrlProblem::is_loopback(&host);
        if !is_loopback && !allowed.contains(&host) {
            let message = "callbacks go to this machine only: allow the host by --callback-host";
            let (status, code) = (StatusCode::FORBIDDEN, "foreign-callback-host");
            return Err(Failure::new(status, code, message));
        }
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            uri,
            port,
            is_loopback,
        })
    }

    async fn resolve(&self) -> Result<Vec<SocketAddr>, Failure> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port));
        let found = tokio::time::timeout(DEADLINE, found).await;
        let found = found.ok().and_then(Result::ok);
        let found = found.ok_or_else(|| unreachable("the name has no address"))?;
        // Whatever the resolver says of `localhost`.
        let is_allowed = |it: &SocketAddr| !self.is_loopback || it.ip().is_loopback();
        Ok(found.filter(is_allowed).collect())
    }

    fn request(&self, headers: HeaderMap, sealed: String) -> Result<Request<Body>, Failure> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        let mut request = Request::new(Body::from(sealed));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = path.parse().map_err(|_| Failure::internal())?;
        *request.headers_mut() = headers;
        let host = HeaderValue::from_str(host).map_err(|_| Failure::internal())?;
        request.headers_mut().insert(HOST, host);
        Ok(request)
    }
}

/// Those of the request, with `text/plain` unless another content type is named.
fn headers(members: &Members) -> Result<HeaderMap, Failure> {
    let invalid = |expected: &str| MemberError::Invalid {
        name: "headers",
        expected: expected.to_owned(),
    };
    let expected = "an object of strings";
    let given = members.optional("headers", expected)?;
    let given: std::collections::BTreeMap<String, String> = given.unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    for (name, value) in given {
        let name = HeaderName::try_from(name).map_err(|_| invalid("names of headers"))?;
        let value = HeaderValue::try_from(value).map_err(|_| invalid("values of headers"))?;
        if RESERVED.contains(&name.as_str()) {
            return Err(invalid("no headers of the connection, such as Host").into());
        }
        headers.insert(name, value);
    }
    Ok(headers)
}

async fn exchange(
    console: &Console,
    addresses: &[SocketAddr],
    request: Request<Body>,
) -> Result<(StatusCode, HeaderMap, Bytes), Failure> {
    let failed = |_| unreachable("the connection was closed before the answer was complete");
    let stream = TcpStream::connect(addresses).await;
    let stream = stream.map_err(|error| unreachable(&error.kind().to_string()))?;
    let connected = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(failed)?;
    let _connection = Running(tokio::spawn(async {
        // What goes wrong shows in the answer.
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, console.state.max_body).collect().await;
    let body = body.map_err(|_| unreachable("the answer is too long or was cut off"))?;
    Ok((parts.status, parts.headers, body.to_bytes()))
}

/// A task that ends with this.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn unreachable(reason: &str) -> Failure {
    let message = format!("the callback failed: {reason}");
    Failure::new(StatusCode::BAD_GATEWAY, "callback-failed", message)
}
