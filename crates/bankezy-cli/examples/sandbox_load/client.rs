//! Clients of `bankezy sandbox`: sealed calls over keep-alive connections, on plain sockets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bankezy_crypto::{Derivation, KeyPair, PayloadCipher, PayloadSecret, PublicKey};
use serde_json::{Value, json};

const GET_TOKEN: &str = "/token-service/client/server/new/token";
const ECHO: &str = "/sandbox/echo";
const CONNECTIONS: usize = 4;
/// Bytes of text in the body of an echo.
const TEXT: usize = 1000;
/// Each token has a reference of its own.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Makes this many exchanges; one in `token_every` of them asks for a token, the others are echoes in its session.
/// Each answer is opened and compared. Returns how long it took.
///
/// # Panics
/// If an exchange fails.
pub(crate) fn exchange(ready: &Value, exchanges: usize, token_every: usize) -> Duration {
    let started = Instant::now();
    thread::scope(|scope| {
        for number in 0..CONNECTIONS {
            let share = exchanges / CONNECTIONS + usize::from(number < exchanges % CONNECTIONS);
            scope.spawn(move || Client::connect(ready).exchange(share, token_every));
        }
    });
    started.elapsed()
}

struct Client<'a> {
    bank: &'a Value,
    host: &'a str,
    stream: BufReader<TcpStream>,
}

impl<'a> Client<'a> {
    fn connect(ready: &'a Value) -> Self {
        let host = ready["url"].as_str().unwrap();
        let host = host.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            bank: &ready["bankezy"],
            host,
            stream: BufReader::new(stream),
        }
    }

    fn exchange(mut self, exchanges: usize, token_every: usize) {
        let own = KeyPair::generate().unwrap();
        let secret = self.bank["payloadSecret"].as_str().unwrap();
        let secret = PayloadSecret::from_base64url(secret).unwrap();
        let fixed = PayloadCipher::new(&secret).unwrap();
        let body = json!({ "text": "x".repeat(TEXT) }).to_string();
        let mut session: Option<(String, PayloadCipher)> = None;
        for number in 0..exchanges {
            match &session {
                Some((token, agreed)) if !number.is_multiple_of(token_every) => {
                    let opened = self.call(ECHO, token, agreed, &body);
                    assert_eq!(opened, body.as_bytes());
                }
                _ => {
                    let asked = json!({
                        "referenceId": NEXT.fetch_add(1, Ordering::Relaxed).to_string(),
                        "sdkPublicKey": own.public_key().to_wire(),
                        "sdkApiKey": self.bank["sdkApiKey"],
                        "accountNumber": 1234,
                    });
                    let opened = self.call(GET_TOKEN, "", &fixed, &asked.to_string());
                    let answer: Value = serde_json::from_slice(&opened).unwrap();
                    let server = answer["serverPubKey"].as_str().unwrap();
                    let server = PublicKey::from_wire(server).unwrap();
                    // The emulator's default.
                    let derivation = Derivation::ConcatKdf { apu: b"", apv: b"" };
                    let agreed = own.agree(&server, &derivation).unwrap();
                    let agreed = PayloadCipher::new(&agreed).unwrap();
                    session = Some((answer["token"].as_str().unwrap().to_owned(), agreed));
                }
            }
        }
    }

    /// Seals, sends, opens.
    fn call(&mut self, path: &str, token: &str, cipher: &PayloadCipher, body: &str) -> Vec<u8> {
        let sealed = cipher.seal(body.as_bytes()).unwrap();
        let api_key = self.bank["apiKey"].as_str().unwrap();
        let named = if token.is_empty() {
            String::new()
        } else {
            format!("X-API-TOKEN: {token}\r\n")
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\nX-API-KEY: {api_key}\r\n\
             {named}Content-Length: {}\r\n\r\n{sealed}",
            self.host,
            sealed.len()
        );
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let answer = self.read();
        cipher.open(&answer).unwrap().as_bytes().to_vec()
    }

    /// The body of an answer.
    fn read(&mut self) -> Vec<u8> {
        let (mut line, mut length) = (String::new(), None);
        loop {
            line.clear();
            self.stream.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(found) = line.strip_prefix("content-length: ") {
                length = Some(found.parse().unwrap());
            }
            assert!(
                !line.starts_with("http/") || line.starts_with("http/1.1 200 "),
                "{line}"
            );
        }
        let mut body = vec![0; length.expect("an answer with a length")];
        self.stream.read_exact(&mut body).unwrap();
        body
    }
}

/// A line of what the system reports about a process's memory, such as `VmHWM:` for the peak resident size, in bytes.
/// Linux only.
pub(crate) fn memory(process: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let found = status.lines().find_map(|found| found.strip_prefix(line))?;
    let kib: u64 = found.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}
