//! A proxy in front of a server, which passes on, delays, falls silent or breaks connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    Delay(Duration),
    /// Nothing is passed on, and no connection ends.
    Silent,
    /// Over connections that were made before, what comes from this text on is passed on later, as after retransmissions.
    Held(&'static str),
    /// Connections end, and new ones too.
    Cut,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
}

impl Proxy {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = Arc::new(watch::Sender::new(Mode::Pass));
        let modes = Arc::clone(&mode);
        tokio::spawn(async move {
            loop {
                let Ok((from, _)) = listener.accept().await else {
                    return;
                };
                tokio::spawn(connect(from, to, modes.subscribe()));
            }
        });
        Self { address, mode }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn connect(from: TcpStream, to: SocketAddr, modes: watch::Receiver<Mode>) {
    if *modes.borrow() == Mode::Cut {
        return;
    }
    let Ok(to) = TcpStream::connect(to).await else {
        return;
    };
    let is_newer = matches!(*modes.borrow(), Mode::Held(_));
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = to.into_split();
    let mut ends = modes.clone();
    tokio::select! {
        () = pass(from_read, to_write, modes.clone(), is_newer) => {}
        () = pass(to_read, from_write, modes, is_newer) => {}
        _ = ends.wait_for(|mode| *mode == Mode::Cut) => {}
    }
}

async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut modes: watch::Receiver<Mode>,
    is_newer: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mode = *modes.borrow();
        if let Mode::Delay(delay) = mode {
            sleep(delay).await;
        }
        if let Mode::Held(from) = mode
            && !is_newer
            && String::from_utf8_lossy(&buffer[..read]).contains(from)
        {
            let _ = modes.wait_for(|mode| *mode == Mode::Pass).await;
        }
        if mode == Mode::Silent {
            // What came then is lost for good, as in a partition that outlives the connection.
            let _ = modes.wait_for(|mode| *mode != Mode::Silent).await;
            continue;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
