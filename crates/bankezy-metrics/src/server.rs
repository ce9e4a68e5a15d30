//! Metrics of the server layer and of keys, from the extensions that `bankezy-tower` sets.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use bankezy_crypto::{Error, OpenedByKey};
use bankezy_tower::Refusal;
use http::{Request, Response};
use metrics::{Label, SharedString, counter};
use tower_layer::Layer;
use tower_service::Service;

use crate::catalog::{OPEN_FAILURES, OPENED, REFUSED, REPLAYS};

/// Counts what a [`SealedServerLayer`](bankezy_tower::SealedServerLayer) refused and which keys opened
/// requests, or which keys opened the answers to a [`SealedClientLayer`](bankezy_tower::SealedClientLayer).
///
/// Outside the server layer it sees refusals, and inside it the keys: apply it on both sides.
///
/// ```
/// use axum::{Router, routing::post};
/// use bankezy_metrics::MessageMetricsLayer;
/// use bankezy_tower::SealedServerLayer;
///
/// fn router(sealed: SealedServerLayer) -> Router {
///     let metrics = MessageMetricsLayer::new("callbacks");
///     Router::new()
///         .route("/callbacks/settled", post(async || "{}"))
///         .layer(metrics.clone()) // inside: which key opened a request
///         .layer(sealed)
///         .layer(metrics) // outside: what was refused
/// }
/// ```
#[derive(Debug, Clone)]
pub struct MessageMetricsLayer {
    name: SharedString,
}

impl MessageMetricsLayer {
    /// `name` becomes the label `name` of the metrics, such as that of a partner or a group of routes.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: SharedString::from_shared(name.into().into()),
        }
    }
}

impl<S> Layer<S> for MessageMetricsLayer {
    type Service = MessageMetrics<S>;

    fn layer(&self, inner: S) -> Self::Service {
        MessageMetrics {
            inner,
            name: self.name.clone(),
        }
    }
}

/// A service whose messages are counted: see [`MessageMetricsLayer`].
#[derive(Debug, Clone)]
pub struct MessageMetrics<S> {
    inner: S,
    name: SharedString,
}

impl<S, B, R> Service<Request<B>> for MessageMetrics<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if let Some(by_key) = request.extensions().get() {
            count_opened(&self.name, by_key);
        }
        let name = self.name.clone();
        let answering = self.inner.call(request);
        Box::pin(async move {
            let response = answering.await?;
            if let Some(refusal) = response.extensions().get() {
                count_refusal(&name, refusal);
            }
            if let Some(by_key) = response.extensions().get() {
                count_opened(&name, by_key);
            }
            Ok(response)
        })
    }
}

/// Counts which key opened a message, or that none did, for callers that open messages themselves: with
/// [`KeyRing::open`](bankezy_crypto::KeyRing::open) or
/// [`Channel::open_by_key`](bankezy_crypto::Channel::open_by_key). Returns the result unchanged.
///
/// ```
/// use bankezy_crypto::{Error, KeyRing, Opened};
///
/// fn read(ring: &KeyRing, message: &str) -> Result<Opened, Error> {
///     let (opened, _) = bankezy_metrics::counted("settlement-queue", ring.open(message))?;
///     Ok(opened)
/// }
/// ```
///
/// # Errors
/// That of `result`.
pub fn counted<T>(
    name: &'static str,
    result: Result<(T, OpenedByKey), Error>,
) -> Result<(T, OpenedByKey), Error> {
    let name = SharedString::const_str(name);
    match &result {
        Ok((_, by_key)) => count_opened(&name, by_key),
        Err(error) => count(OPEN_FAILURES, &name, error.code()),
    }
    result
}

/// For key rings only: a single key has no identifier.
fn count_opened(name: &SharedString, by_key: &OpenedByKey) {
    let Some(key_id) = by_key.key_id() else {
        return;
    };
    let newest = if by_key.is_newest() { "true" } else { "false" };
    let labels = vec![
        Label::new("name", name.clone()),
        Label::new("key_id", key_id.to_owned()),
        Label::new("newest", newest),
    ];
    counter!(OPENED, labels).increment(1);
}

fn count_refusal(name: &SharedString, refusal: &Refusal) {
    let code = refusal.code();
    count(REFUSED, name, code);
    match refusal {
        Refusal::NotOpened { .. } | Refusal::UnknownKey => count(OPEN_FAILURES, name, code),
        Refusal::Replayed | Refusal::Stale => count(REPLAYS, name, code),
        _ => {}
    }
}

fn count(metric: &'static str, name: &SharedString, code: &'static str) {
    let labels = vec![Label::new("name", name.clone()), Label::new("code", code)];
    counter!(metric, labels).increment(1);
}
