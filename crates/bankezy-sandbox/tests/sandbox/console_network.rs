//! What the console sends by itself: streams and callbacks.

use std::time::Duration;

use bankezy_sandbox::Sandbox;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::api::*;
use crate::partner::*;

#[tokio::test]
async fn a_callback_is_sealed_sent_and_its_answer_opened() {
    let sandbox = console().await;
    let channel = static_channel(&sandbox);
    let hook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://localhost:{}/hook?x=1",
        hook.local_addr().unwrap().port()
    );
    let answer = channel.seal("{\"taken\":true}");
    let served = tokio::spawn(async move {
        let (mut stream, _) = hook.accept().await.unwrap();
        let mut sent = Vec::new();
        while !sent.ends_with(b"}") && !String::from_utf8_lossy(&sent).contains("\r\n\r\ney") {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.unwrap();
            sent.extend_from_slice(&part[..read]);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nLocation: /\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        String::from_utf8(sent).unwrap()
    });
    let body = json!({ "url": url, "key": "static", "body": { "paid": 5 }, "headers": { "X-Event": "paid" } });
    let answer = done(&sandbox, "callbacks", body).await;
    assert_eq!(
        (&answer["status"], &answer["opened"]),
        (&json!(200), &json!("{\"taken\":true}"))
    );
    let sent = served.await.unwrap();
    let (head, sealed) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("x-event: paid") && head.contains("content-type: text/plain"),
        "{head}"
    );
    let opened = channel.try_open(sealed.as_bytes()).unwrap();
    assert_eq!(opened.as_bytes(), b"{\"paid\":5}");

    let logged = get(&sandbox, "exchanges/1").await;
    assert_eq!(
        (&logged["call"], &logged["path"]),
        (&json!("callback"), &json!("/hook"))
    );
    assert_eq!(logged["request"]["opened"], "{\"paid\":5}");
    assert_eq!(logged["response"]["opened"], "{\"taken\":true}");

    // Nobody listens there any more.
    let body = json!({ "url": url, "key": "static", "text": "x" });
    let (status, code, _) = refused(&sandbox, "POST", "callbacks", Some(body)).await;
    assert_eq!((status, code.as_str()), (502, "callback-failed"));
    for name in ["Host", "Content-Length", "transfer-encoding", "a b"] {
        let body = json!({ "url": url, "key": "static", "text": "x", "headers": { name: "1" } });
        let (_, code, _) = refused(&sandbox, "POST", "callbacks", Some(body)).await;
        assert_eq!(code, "invalid-value", "{name}");
    }
}

/// Reads a stream until it holds this text.
async fn read_until(stream: &mut TcpStream, read: &mut String, text: &str) {
    let reading = async {
        while !read.contains(text) {
            let mut part = [0; 4096];
            let len = stream.read(&mut part).await.unwrap();
            assert!(len > 0, "the stream ended: {read}");
            read.push_str(&String::from_utf8_lossy(&part[..len]));
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert!(waited.is_ok(), "{text} never came: {read}");
}

async fn follow(sandbox: &Sandbox, query: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.address()).await.unwrap();
    let (port, token) = (sandbox.address().port(), token(sandbox));
    let head = format!(
        "GET /_sandbox/exchanges/stream{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bearer {token}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn a_stream_tells_of_exchanges_gaps_and_a_reset() {
    let limits = bankezy_sandbox::LogLimits::new(3, usize::MAX);
    let sandbox = Sandbox::builder()
        .request_log(limits)
        .console(true)
        .start()
        .await
        .unwrap();
    let ping = async || drop(post(&sandbox, "/nowhere", &[], "x").await);
    for _ in 0..5 {
        ping().await;
    }
    let (mut stream, mut read) = (follow(&sandbox, "", "").await, String::new());
    read_until(&mut stream, &mut read, "id: 5").await;
    assert!(read.contains("content-type: text/event-stream"));
    assert!(
        read.contains("event: gap\ndata: {\"from\":1,\"to\":2}\n\n"),
        "{read}"
    );
    assert!(!read.contains("id: 2\n") && read.contains("id: 3\nevent: exchange\ndata: {"));
    ping().await;
    read_until(&mut stream, &mut read, "id: 6").await;
    assert_eq!(read.matches("event: gap").count(), 1);
    assert_eq!(api(&sandbox, "DELETE", "exchanges", None).await.0, 204);
    read_until(&mut stream, &mut read, "event: cleared").await;
    ping().await;
    read_until(&mut stream, &mut read, "id: 7").await;

    // A reader that connects again has read up to the later number.
    ping().await;
    let mut read = String::new();
    let mut again = follow(&sandbox, "?since=1", "Last-Event-ID: 7\r\n").await;
    read_until(&mut again, &mut read, "id: 8").await;
    assert!(
        !read.contains("event: gap") && !read.contains("id: 7\n"),
        "{read}"
    );
    let mut many = Vec::new();
    for _ in 0..14 {
        let mut stream = follow(&sandbox, "", "").await;
        read_until(&mut stream, &mut String::new(), ": connected").await;
        many.push(stream);
    }
    let (status, code, _) = refused(&sandbox, "GET", "exchanges/stream", None).await;
    assert_eq!((status, code.as_str()), (503, "too-many-streams"));
    // One that its reader leaves makes room for another.
    many.pop();
    let mut is_open = false;
    for _ in 0..200 {
        let (mut stream, mut read) = (follow(&sandbox, "", "").await, String::new());
        read_until(&mut stream, &mut read, "\r\n\r\n").await;
        is_open = read.starts_with("HTTP/1.1 200 ");
        if is_open {
            many.push(stream);
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(is_open);
    // Streams do not hold up the end.
    tokio::time::timeout(Duration::from_secs(4), sandbox.shutdown())
        .await
        .unwrap();
}
