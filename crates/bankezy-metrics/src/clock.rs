//! How far the clocks of others are from ours.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::time::SystemTime;

use http::header::DATE;
use http::{HeaderMap, Request, Response};
use metrics::gauge;
use tower_layer::Layer;
use tower_service::Service;

use crate::catalog::{AGE_SECONDS, SKEW_SECONDS};

/// Records how far a server's clock is from ours, by the `Date` of its answers (RFC 9110 section 6.6.1). Wrap the
/// client of a `Transport` in it.
///
/// `Date` has whole seconds and an answer takes time, so equal clocks show a skew between minus one second and the
/// time of the answer. A proxy that answers itself shows its own clock.
///
/// ```
/// use bankezy_client::{Client, ClientError, Transport};
/// use bankezy_metrics::ClockSkewLayer;
/// use tower::ServiceBuilder;
///
/// fn transport() -> Result<Transport, ClientError> {
///     let client = Client::builder().build()?;
///     let service = ServiceBuilder::new().layer(ClockSkewLayer).service(client);
///     Ok(Transport::new(service)) // set deadline and retries here
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ClockSkewLayer;

impl<S> Layer<S> for ClockSkewLayer {
    type Service = ClockSkew<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ClockSkew(inner)
    }
}

/// A service that records the skew of the servers that answer: see [`ClockSkewLayer`].
#[derive(Debug, Clone)]
pub struct ClockSkew<S>(S);

impl<S, B, R> Service<Request<B>> for ClockSkew<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let answering = self.0.call(request);
        Box::pin(async move {
            let response = answering.await?;
            if let Some(date) = date(response.headers()) {
                let skew = seconds_between(SystemTime::now(), date);
                gauge!(SKEW_SECONDS, "server_address" => host).set(skew);
            }
            Ok(response)
        })
    }
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// Wraps the function that reads a message's timestamp, for
/// [`Freshness::by_timestamp`](bankezy_tower::Freshness::by_timestamp): records how old each message is when
/// it is read.
///
/// ```
/// use std::time::SystemTime;
///
/// use bankezy_metrics::with_age_recorded;
/// use bankezy_tower::{Freshness, ReplayGuard};
///
/// fn sent_at(payload: &[u8]) -> Option<SystemTime> {
///     # let _ = payload;
///     // reads the message's timestamp
///     # None
/// }
///
/// let freshness = Freshness::by_timestamp(with_age_recorded("callbacks", sent_at));
/// let guard = ReplayGuard::new(freshness);
/// # let _ = guard;
/// ```
pub fn with_age_recorded(
    name: &'static str,
    sent_at: impl Fn(&[u8]) -> Option<SystemTime> + Send + Sync + 'static,
) -> impl Fn(&[u8]) -> Option<SystemTime> + Send + Sync + 'static {
    move |payload| {
        let sent_at = sent_at(payload)?;
        let age = seconds_between(sent_at, SystemTime::now());
        gauge!(AGE_SECONDS, "name" => name).set(age);
        Some(sent_at)
    }
}

/// From one time to another; negative if the second is earlier.
fn seconds_between(from: SystemTime, to: SystemTime) -> f64 {
    match to.duration_since(from) {
        Ok(later) => later.as_secs_f64(),
        Err(earlier) => -earlier.duration().as_secs_f64(),
    }
}
