//! As little of HTTP/1.1 as the tests need: one request per connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
    /// Whether everything came that the head promised.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}

/// `None` where the connection was closed without an answer.
pub(crate) async fn send(address: SocketAddr, request: &[u8]) -> Option<Answer> {
    let stream = TcpStream::connect(address).await.unwrap();
    exchange(stream, request).await.unwrap()
}

pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    request: &[u8],
) -> io::Result<Option<Answer>> {
    let mut received = Vec::new();
    let whole = async {
        stream.write_all(request).await?;
        match stream.read_to_end(&mut received).await {
            // Closed while the request was still being sent; what came before counts.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            other => other,
        }
    };
    tokio::time::timeout(Duration::from_secs(30), whole)
        .await
        .expect("the emulator hangs")?;
    Ok(parse(&received))
}

fn parse(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(received[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let rest = &received[end + 4..];
    let mut answer = Answer {
        status,
        head,
        body: rest.to_vec(),
        complete: true,
    };
    if let Some(length) = answer.header("content-length") {
        answer.complete = rest.len() == length.parse::<usize>().unwrap();
    } else if answer.header("transfer-encoding") == Some("chunked") {
        (answer.body, answer.complete) = unchunk(rest);
    }
    Some(answer)
}

fn unchunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let len = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        if len == 0 {
            return (body, true);
        }
        let Some(chunk) = rest.get(end + 2..end + 2 + len) else {
            break;
        };
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + len..).unwrap_or_default();
    }
    (body, false)
}

/// Headers of a call, and the one that asks for a fault.
pub(crate) fn with_fault<'a>(
    headers: &'a [(&'a str, String)],
    fault: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let own = headers.iter().map(|(name, value)| (*name, value.as_str()));
    own.chain(fault.map(|fault| ("X-Sandbox-Fault", fault)))
        .collect()
}
