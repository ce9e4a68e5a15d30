//! A TLS session that is resumed: nothing is sent before the handshake has ended.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use bankezy_client::ClientError;
use rustls::HandshakeKind;
use tokio_rustls::TlsAcceptor;

use crate::server::{Reply, Server};
use crate::tls::{Setup, ca, trusting};
use crate::{post, text};

/// Early data can be replayed by anyone who recorded it.
#[tokio::test]
async fn a_resumed_connection_sends_no_early_data_to_a_server_that_takes_it() {
    let ca = ca("ours");
    let mut config = Setup::new(&ca).config();
    config.max_early_data_size = 16 * 1024;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (tell, seen) = mpsc::channel();
    let server = Server::accepting("127.0.0.1:0", move |stream, handle| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let connection = stream.get_mut().1;
            let kind = connection.handshake_kind();
            tell.send((kind, connection.early_data().is_some()))
                .unwrap();
            handle.serve(stream, |_| Reply::ok("over TLS")).await;
        }
    });
    // A connection for each request.
    let client = trusting(&ca).idle_timeout(Duration::ZERO).build().unwrap();
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
        let make = || Ok::<_, ClientError>(post(&server.https("/"), "body"));
        let answer = client.execute(make).await.unwrap();
        assert_eq!(text(&answer), "over TLS");
        let is_early = false;
        assert_eq!(seen.recv().unwrap(), (Some(kind), is_early));
    }
    assert_eq!((server.connections(), server.count()), (2, 2));
}
