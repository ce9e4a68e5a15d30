//! The way of one request through the server layer, and of its answer back.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use tower_service::Service;

use super::body::{self, Cause, Collected};
use super::intake::{Intake, Pending};
use super::keys::{AnswerKeys, Keys};
use super::limits::Rate;
use super::mark as mark_opened;
use super::refusal::{Refusal, refusal_of_answer};
use super::replay::{Kind, Received, ReplayGuard};

/// Settings of a layer, and what its services share.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) keys: Keys,
    pub(super) replay: Option<ReplayGuard>,
    pub(super) intake: Intake,
    pub(super) max_request_len: usize,
    pub(super) max_response_len: usize,
    pub(super) seal_errors: bool,
    pub(super) allow_empty: bool,
    pub(super) allow_preflight: bool,
    /// Of sealed answers to requests without a body.
    pub(super) empty_rate: Rate,
    /// Of sealed refusals by the replay guard.
    pub(super) replayed_rate: Rate,
}

/// A request that may go to the service.
struct Admitted {
    request: Request<Full<Bytes>>,
    answering: AnswerKeys,
    /// What the replay guard records.
    received: Option<Received>,
    pending: Pending,
}

impl Settings {
    pub(super) async fn answer<S, B, R>(
        self: Arc<Self>,
        mut inner: S,
        mut request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, S::Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>>,
        B: Body<Error: Into<Cause>>,
        R: Body,
    {
        self.keys.forget(request.extensions_mut());
        if self.allow_preflight && is_preflight(&request) {
            return self.pass(inner, request).await;
        }
        let method = request.method().clone();
        let Admitted {
            request,
            answering,
            received,
            pending,
        } = match self.admit(request).await {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        // Not earlier: a body that stalls must not hold a place that others wait for.
        poll_fn(|context| inner.poll_ready(context)).await?;
        // Not earlier: a message that was recorded and then waited could be given up, and never be handled.
        if let Err(refusal) = self.record(received).await {
            // They hold places that others wait for.
            drop((inner, pending));
            return Ok(self.refuse(&method, &answering, refusal).await);
        }
        drop(pending);
        let response = inner.call(request).await?;
        let kind = answering.kind_of_answer();
        let sealed = self.seal(&method, &answering, response, kind).await;
        Ok(sealed.unwrap_or_else(Refusal::into_response))
    }

    /// Hands on a request without a body, and its answer as it is.
    async fn pass<S, B, R>(
        &self,
        mut inner: S,
        request: Request<B>,
    ) -> Result<Response<Full<Bytes>>, S::Error>
    where
        S: Service<Request<Full<Bytes>>, Response = Response<R>>,
        B: Body<Error: Into<Cause>>,
        R: Body,
    {
        let (mut parts, body) = request.into_parts();
        let pending = match self.intake.read(body, 0).await {
            Ok((_empty, pending)) => pending,
            Err(refusal) => return Ok(refusal.into_response()),
        };
        mark_opened(&mut parts.extensions, None);
        let request = Request::from_parts(parts, Full::default());
        poll_fn(|context| inner.poll_ready(context)).await?;
        drop(pending);
        let (parts, body) = inner.call(request).await?.into_parts();
        let max = self.max_response_len;
        Ok(match body::collect(body, max).await {
            Ok(body) => Response::from_parts(parts, Full::new(body.into_bytes())),
            Err(error) => refusal_of_answer(&error, max).into_response(),
        })
    }

    /// Reads and opens a request.
    async fn admit<B>(&self, request: Request<B>) -> Result<Admitted, Refusal>
    where
        B: Body<Error: Into<Cause>>,
    {
        let (mut parts, body) = request.into_parts();
        let (sealed, pending) = self.read(&parts, body).await?;
        let is_empty = sealed.is_empty() && body::may_be_empty(&parts.method);
        if is_empty {
            self.check_empty(&parts.method)?;
        }
        let text = sealed.as_bytes().trim_ascii_end();
        let keys = self.keys.of(&parts, text).await?;
        let (body, received, answering) = if is_empty {
            (Bytes::new(), None, keys.not_opened())
        } else {
            let (opened, answering) = keys.open(text, &mut parts.extensions)?;
            body::describe(&mut parts.headers, body::JSON, opened.len());
            let guard = self.replay.as_ref();
            let received = guard.map(|it| it.receive(answering.key_id(), text, opened.as_bytes()));
            let received = received.transpose()?;
            (Bytes::from_owner(opened), received, answering)
        };
        mark_opened(&mut parts.extensions, answering.by_key.clone());
        Ok(Admitted {
            request: Request::from_parts(parts, Full::new(body)),
            answering,
            received,
            pending,
        })
    }

    /// Records a request that opened.
    async fn record(&self, received: Option<Received>) -> Result<(), Refusal> {
        match (received, &self.replay) {
            (Some(received), Some(guard)) => guard.record(received).await,
            _ => Ok(()),
        }
    }

    /// Refuses a request that opened. The reason is sealed, unless strangers have caused too many such answers, or
    /// it cannot be: the sender needs it all the same.
    async fn refuse(
        &self,
        to: &Method,
        answering: &AnswerKeys,
        refusal: Refusal,
    ) -> Response<Full<Bytes>> {
        let unsealed = refusal.clone().into_response();
        if !refusal.is_sealed() || !self.replayed_rate.take() {
            return unsealed;
        }
        let response = refusal.into_response();
        let sealed = self.seal(to, answering, response, Kind::AnswerToStranger);
        sealed.await.unwrap_or(unsealed)
    }

    /// Where keys are looked up, an answer to a request that proves nothing could show whether they were found.
    fn takes_empty(&self) -> bool {
        self.allow_empty && !self.keys.are_looked_up()
    }

    fn check_empty(&self, method: &Method) -> Result<(), Refusal> {
        if !self.takes_empty() {
            return Err(Refusal::Empty);
        }
        // An answer to `HEAD` has no body to seal.
        if method != Method::HEAD && !self.empty_rate.take() {
            return Err(Refusal::UnauthenticatedRate);
        }
        Ok(())
    }

    /// Reads a body whose headers are those of a sealed one, or that is empty where it may be.
    async fn read<B>(&self, parts: &Parts, body: B) -> Result<(Collected, Pending), Refusal>
    where
        B: Body<Error: Into<Cause>>,
    {
        let may_be_empty = body::may_be_empty(&parts.method);
        match wrong_form(parts) {
            None => self.intake.read(body, self.max_request_len).await,
            Some(refusal) if may_be_empty && self.takes_empty() => {
                let read = self.intake.read(body, 0).await;
                read.map_err(|error| match error {
                    Refusal::RequestTooLong { .. } => refusal,
                    other => other,
                })
            }
            Some(_) if may_be_empty && body::is_known_empty(&body) => Err(Refusal::Empty),
            Some(refusal) => Err(refusal),
        }
    }

    async fn seal<R: Body>(
        &self,
        to: &Method,
        answering: &AnswerKeys,
        response: Response<R>,
        kind: Kind,
    ) -> Result<Response<Full<Bytes>>, Refusal> {
        let (mut parts, body) = response.into_parts();
        if [StatusCode::PARTIAL_CONTENT, StatusCode::SWITCHING_PROTOCOLS].contains(&parts.status) {
            return Err(Refusal::AnswerPartial);
        }
        if body::has_no_body(to, parts.status) {
            // They tell of the plaintext, which was not sealed.
            body::describe_nothing(&mut parts.headers);
            return Ok(Response::from_parts(parts, Full::default()));
        }
        let max = self.max_response_len;
        let collected = body::collect(body, max).await;
        let body = collected.map_err(|error| refusal_of_answer(&error, max))?;
        if !self.seal_errors && !parts.status.is_success() {
            return Ok(Response::from_parts(parts, Full::new(body.into_bytes())));
        }
        if body::is_coded(&parts.headers) {
            return Err(Refusal::AnswerEncoding);
        }
        let sealed = answering.seal(body.as_bytes())?;
        if let Some(guard) = &self.replay {
            let key_id = answering.key_id();
            let recorded = guard.record_answer(kind, key_id, &sealed, body.as_bytes());
            recorded.await?;
        }
        body::describe(&mut parts.headers, body::TEXT_PLAIN, sealed.len());
        Ok(Response::from_parts(parts, Full::new(sealed.into())))
    }
}

/// Whether it is a CORS preflight request, as the Fetch standard defines it.
fn is_preflight<B: Body>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
        && body::is_known_empty(request.body())
}

/// Why the headers are not those of a sealed body.
fn wrong_form(parts: &Parts) -> Option<Refusal> {
    if !body::is_text_plain(&parts.headers) {
        Some(Refusal::ContentType)
    } else if body::is_coded(&parts.headers) {
        Some(Refusal::ContentEncoding)
    } else {
        None
    }
}
