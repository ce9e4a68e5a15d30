//! Connections and routes.

use core::time::Duration;
use std::sync::Arc;

use axum::Router;
use axum::extract::{self, Request};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
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

use super::bankezy::{self, ROUTES};
use super::config::Config;
use super::custom::RouteKey;
use super::endpoint::{ALL, EmulatedEndpoint};
use super::exchange::DropConnection;
use super::faults::{Known, KnownPath};
use super::recording::{Peer, record};
use super::state::State;
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

/// The routes of the other providers.
static PLAIN: [&plain_json::Route; 3] = [&faceki::ROUTE, &complycube::ROUTE, &sardine::ROUTE];

/// The paths that are built in.
pub(super) fn built_in() -> impl Iterator<Item = KnownPath> {
    let known = |methods: &str, path: &str, is_sealed| KnownPath {
        methods: methods.to_owned(),
        path: path.to_owned(),
        is_sealed,
    };
    let sealed = ROUTES.iter().map(move |route| {
        let methods = match route.endpoint {
            EmulatedEndpoint::GetToken => "POST, GET",
            _ => "POST",
        };
        known(methods, route.path, true)
    });
    let plain = PLAIN.into_iter().map(move |route| {
        let is_get = route.method == MethodFilter::GET;
        known(if is_get { "GET" } else { "POST" }, route.path, false)
    });
    sealed.chain(plain)
}

/// What faults can be aimed at: paths, with those of the user's own among them, and calls.
pub(super) fn known(config: &Config) -> Known {
    let own = config.custom.iter();
    let own = own.map(|route| KnownPath {
        methods: route.method.to_string(),
        path: route.path.clone(),
        is_sealed: route.key != RouteKey::Clear,
    });
    Known {
        prefix: config.prefix.clone(),
        paths: built_in().chain(own).collect(),
        calls: ALL.map(|call| (call.name(), call.is_sealed())).to_vec(),
    }
}

/// The prefix has been checked to hold no pattern.
/// `console` is empty if it is off.
pub(super) fn router(prefix: &str, state: Arc<State>, console: Router) -> Router {
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
    for route in PLAIN {
        let serve = move |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
            plain_json::serve(&state, route, request).await
        };
        router = router.route(&at(route.path), on(route.method, serve));
    }
    let control = |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
        exchange::control_faults(&state, request).await
    };
    let custom = |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
        bankezy::serve_custom(&state, request).await
    };
    let wrong_method = |extract::State(state): extract::State<Arc<State>>, request: Request| async move {
        bankezy::wrong_method(&state, request).await
    };
    let mut router = router
        .fallback(custom)
        .method_not_allowed_fallback(wrong_method);
    if let Some(journal) = &state.journal {
        router = router.layer(from_fn_with_state(Arc::clone(journal), record));
    }
    let dated = Arc::clone(&state);
    router
        .route(&at("/sandbox/faults"), on(MethodFilter::POST, control))
        .with_state(state)
        .merge(console)
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
                Ok((stream, peer)) => {
                    let peer = Peer(peer);
                    connections.spawn(connection(stream, peer, tls.clone(), app.clone(), stop.clone()));
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
    peer: Peer,
    tls: Option<TlsAcceptor>,
    app: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Only slower without it.
    let _ = stream.set_nodelay(true);
    match tls {
        None => requests(stream, peer, app, stop).await,
        Some(acceptor) => {
            let accepted = tokio::select! {
                accepted = timeout(HANDSHAKE, acceptor.accept(stream)) => accepted,
                _ = stop.changed() => return,
            };
            if let Ok(Ok(stream)) = accepted {
                requests(stream, peer, app, stop).await;
            }
        }
    }
}

async fn requests<S>(stream: S, peer: Peer, app: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let app = TowerToHyperService::new(app);
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(peer);
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
