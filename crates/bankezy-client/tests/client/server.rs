//! A server that reads whole HTTP/1.1 requests and answers as a script says, byte by byte.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What to do once a request was read.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, and the connection stays open.
    Keep(String),
    /// These bytes, and the connection is closed.
    Close(String),
    /// Nothing, and the connection stays open.
    Silence,
    /// These bytes, then this again and again.
    Endless(String, Vec<u8>, Duration),
}

impl Reply {
    pub(crate) fn ok(body: &str) -> Self {
        Self::status("200 OK", "", body)
    }

    /// `headers` is empty or whole lines with their ends.
    pub(crate) fn status(status: &str, headers: &str, body: &str) -> Self {
        let len = body.len();
        Self::Keep(format!(
            "HTTP/1.1 {status}\r\n{headers}Content-Length: {len}\r\n\r\n{body}"
        ))
    }
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    _stop: oneshot::Sender<()>,
}

type Script = dyn Fn(usize) -> Reply + Send + Sync;

impl Server {
    /// Answers the request of each number, from 0, as the script says.
    pub(crate) fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let script: Arc<Script> = Arc::new(script);
        Self::accepting("127.0.0.1:0", move |stream, seen| {
            let script = script.clone();
            async move { serve(stream, &seen.0, &*script).await }
        })
    }

    /// Does with each connection what it is told.
    pub(crate) fn accepting<F>(
        bind: &str,
        handle: impl Fn(TcpStream, Handle) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let seen = Arc::new(Seen::default());
        let (stop, mut stopped) = oneshot::channel();
        let (ready, address) = mpsc::channel();
        let (bind, handle_seen) = (bind.to_owned(), seen.clone());
        // Its own thread: the blocking client must not depend on the test's runtime.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind(bind).await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        accepted = listener.accept() => {
                            handle_seen.connections.fetch_add(1, Ordering::SeqCst);
                            tokio::spawn(handle(accepted.unwrap().0, Handle(handle_seen.clone())));
                        }
                    }
                }
            });
        });
        Self {
            address: address.recv().unwrap(),
            seen,
            _stop: stop,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// By a name that certificates can be for.
    pub(crate) fn https(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    /// Every request read in full: head and body as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests().len()
    }
}

/// Where a connection's handler notes what it reads.
pub(crate) struct Handle(Arc<Seen>);

impl Handle {
    pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        script: impl Fn(usize) -> Reply + Send + Sync + 'static,
    ) {
        serve(stream, &self.0, &script).await;
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, seen: &Seen, script: &Script) {
    while let Some(request) = read_request(&mut stream).await {
        let number = {
            let mut requests = seen.requests.lock().unwrap();
            requests.push(request);
            requests.len() - 1
        };
        // A client that went away is no concern of the server's.
        let written = match script(number) {
            Reply::Keep(bytes) => stream.write_all(bytes.as_bytes()).await,
            Reply::Close(bytes) => {
                let _ = stream.write_all(bytes.as_bytes()).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Silence => return std::future::pending().await,
            Reply::Endless(head, part, pause) => {
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&part).await.is_ok() && stream.flush().await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
        };
        if written.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// Head and as much body as `Content-Length` says; `None` at the end of the connection.
async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let len = head
                .lines()
                .find_map(|line| {
                    let (name, value) = line.split_once(':')?;
                    name.eq_ignore_ascii_case("content-length")
                        .then(|| value.trim().parse::<usize>().unwrap())
                })
                .unwrap_or(0);
            if body.len() >= len {
                return Some(text);
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return None,
            Ok(len) => bytes.extend_from_slice(&part[..len]),
        }
    }
}
