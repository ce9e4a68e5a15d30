//! Connections and routes.

use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::extract::{self, Request};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, on};
use http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::bankezy::{self, OWN, ROUTES};
use super::exchange::DropConnection;
use super::state::{EmulatedEndpoint, State};
use super::{complycube, exchange, faceki, plain_json, sardine};

/// Connections at once; more wait in the operating system's queue.
const MAX_CONNECTIONS: usize = 4096;
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Also how long a connection may idle.
const HEADERS: Duration = Duration::from_secs(75);
const GRACE: Duration = Duration::from_secs(5);

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct Dropped;

impl core::fmt::Display for Dropped {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("dropped on purpose")
    }
}

impl core::error::Error for Dropped {}

/// The prefix has been checked to hold no pattern.
pub(super) fn router(prefix: &str, state: Arc<State>) -> Router {
    let at = |path: &str| format!("{prefix}{path}");
    let mut router = Router::new();
    for route in ROUTES {
        let methods = match route.endpoint {
            // The documentation says GET and gives a body; its samples say POST.
            EmulatedEndpoint::GetToken => MethodFilter::POST.or(MethodFilter::GET),
            _ => MethodFilter::POST,
        };
        let serve = move |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
            bankezy::serve(&state, route, request).await
        };
        router = router.route(&at(route.path), on(methods, serve));
    }
    for route in [&faceki::ROUTE, &complycube::ROUTE, &sardine::ROUTE] {
        let serve = move |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
            plain_json::serve(&state, route, request).await
        };
        router = router.route(&at(route.path), on(route.method, serve));
    }
    let control = |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
        exchange::control_faults(&state, request).await
    };
    let own = |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
        match state.own_path(request.uri().path()) {
            Some(_) => bankezy::serve(&state, &OWN, request).await,
            None => StatusCode::NOT_FOUND.into_response(),
        }
    };
    let dated = Arc::clone(&state);
    router
        .fallback(own)
        .route(&at("/sandbox/faults"), on(MethodFilter::POST, control))
        .with_state(state)
        .layer(map_response(move |response: Response| {
            // The clock that tokens expire by, which a test may have moved.
            let date = dated.clock.date();
            async move { (date, response) }
        }))
}

/// Accepts until told to stop, then lets running requests finish.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: Router,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, tls.clone(), app.clone(), stop.clone()));
                }
                // Out of file descriptors, say: some may come free.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // What is still running then is aborted when the set is dropped.
    let _ = timeout(GRACE, all).await;
}

async fn connection(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    app: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Only slower without it.
    let _ = stream.set_nodelay(true);
    match tls {
        None => requests(stream, app, stop).await,
        Some(acceptor) => {
            let accepted = tokio::select! {
                accepted = timeout(HANDSHAKE, acceptor.accept(stream)) => accepted,
                _ = stop.changed() => return,
            };
            if let Ok(Ok(stream)) = accepted {
                requests(stream, app, stop).await;
            }
        }
    }
}

async fn requests<S>(stream: S, app: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let app = TowerToHyperService::new(app);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let answer = app.call(request);
        async move {
            match answer.await {
                Ok(response) if response.extensions().get::<DropConnection>().is_none() => {
                    Ok(response)
                }
                _ => Err(Dropped),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // The client's doing, or a fault on purpose.
        _ = connection.as_mut() => return,
        _ = stop.changed() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
