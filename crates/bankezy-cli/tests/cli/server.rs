//! A running `bankezy sandbox` to test against.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Folder, Ran};

/// What the ready file has of secrets, by provider.
const CREDENTIALS: [(&str, &str); 10] = [
    ("bankezy", "apiKey"),
    ("bankezy", "sdkApiKey"),
    ("bankezy", "payloadSecret"),
    ("bankezy", "appApiKey"),
    ("bankezy", "appSecret"),
    ("faceki", "clientId"),
    ("faceki", "clientSecret"),
    ("complycube", "apiKey"),
    ("sardine", "clientId"),
    ("sardine", "clientSecret"),
];

const PATIENCE: Duration = Duration::from_secs(30);

/// A running `bankezy sandbox`, and its credentials in files beside.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) folder: Folder,
    pub(crate) ready: Value,
}

impl Server {
    pub(crate) fn start(options: &str) -> Self {
        let folder = Folder::new();
        // What an earlier run left behind does not count, nor does its mode stay.
        folder.write("ready", "{}");
        let child = Command::new(env!("CARGO_BIN_EXE_bankezy"))
            .args("sandbox --listen 127.0.0.1:0 --ready-file ready --force".split(' '))
            .args(options.split_whitespace())
            .current_dir(&folder.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            folder,
            ready: Value::Null,
        };
        server.ready = wait("ready file", || {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "the sandbox ended: {ended:?}");
            let text = std::fs::read_to_string(server.folder.0.join("ready")).ok()?;
            let ready: Value = serde_json::from_str(&text).unwrap();
            ready.get("url").is_some().then_some(ready)
        });
        for (provider, name) in CREDENTIALS {
            let file = match provider {
                "bankezy" => name.to_owned(),
                _ => format!("{provider}-{name}"),
            };
            server
                .folder
                .write(&file, server.of_provider(provider, name));
        }
        for (member, name) in [
            ("ca_pem", "ca.pem"),
            ("client_cert_pem", "client.pem"),
            ("client_key_pem", "client-key.pem"),
        ] {
            if let Some(pem) = server.ready[member].as_str() {
                server.folder.write(name, pem);
            }
        }
        server
    }

    pub(crate) fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    pub(crate) fn credential(&self, name: &str) -> &str {
        self.of_provider("bankezy", name)
    }

    pub(crate) fn of_provider(&self, provider: &str, name: &str) -> &str {
        self.ready[provider][name].as_str().unwrap()
    }

    /// Where Faceki, ComplyCube and Sardine are, and their credentials, as variables.
    pub(crate) fn plain_json_variables(&self) -> Vec<(&'static str, String)> {
        let base_url = |provider| format!("{}/{provider}", self.url());
        let credential = |provider, name| self.of_provider(provider, name).to_owned();
        vec![
            ("FACEKI_BASE_URL", base_url("faceki")),
            ("FACEKI_CLIENT_ID", credential("faceki", "clientId")),
            ("FACEKI_CLIENT_SECRET", credential("faceki", "clientSecret")),
            ("COMPLYCUBE_BASE_URL", base_url("complycube")),
            ("COMPLYCUBE_API_KEY", credential("complycube", "apiKey")),
            ("SARDINE_BASE_URL", base_url("sardine")),
            ("SARDINE_CLIENT_ID", credential("sardine", "clientId")),
            (
                "SARDINE_CLIENT_SECRET",
                credential("sardine", "clientSecret"),
            ),
            ("SARDINE_SESSION_KEY", "session-1".to_owned()),
        ]
    }

    /// Get Token with everything that it needs, and `more`.
    pub(crate) fn token(&self, more: &str) -> Ran {
        self.checked(&format!(
            "token bankezy --base-url {} --api-key-file apiKey --sdk-api-key-file sdkApiKey \
             --secret-file payloadSecret --account-number 9007199254740993001 --timeout 20 {more}",
            self.url()
        ))
    }

    /// Get App Token with everything that it needs except `--derive`, and `more`.
    pub(crate) fn app_token(&self, more: &str) -> Ran {
        self.checked(&format!(
            "token bankezy --app --base-url {} --api-key-file appApiKey --app-api-key-file \
             appApiKey --app-secret-file appSecret --timeout 20 {more}",
            self.url()
        ))
    }

    pub(crate) fn call(&self, more: &str, input: &str) -> Ran {
        let echo = self.credential("echoPath");
        self.quiet(
            self.folder
                .run(&format!("call {echo} --timeout 20 {more}"), input),
        )
    }

    /// Any other `token bankezy` command, without what it needs.
    pub(crate) fn of_token(&self, more: &str) -> Ran {
        self.checked(&format!("token bankezy {more}"))
    }

    pub(crate) fn checked(&self, arguments: &str) -> Ran {
        self.quiet(self.folder.run(arguments, ""))
    }

    /// Nothing that was printed holds a credential.
    pub(crate) fn quiet(&self, ran: Ran) -> Ran {
        let out = String::from_utf8_lossy(&ran.out).into_owned() + &ran.err;
        for (provider, name) in CREDENTIALS {
            let credential = self.of_provider(provider, name);
            assert!(!out.contains(credential), "{provider} {name} in {out}");
        }
        ran
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that accepts one request and returns this answer: its URL, and head and body that it was sent.
pub(crate) fn serve_once(status: &str, text: String) -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer_head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    let request = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
            if let Some((name, value)) = head[start..].trim_end().split_once(": ")
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let answer = answer_head + &text;
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, body)
    });
    (url, request)
}

pub(crate) fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "no {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
pub(crate) fn answer(ran: Ran) -> Value {
    serde_json::from_str(&ran.text()).unwrap()
}

pub(crate) const BODY: &str = r#"{"z":1.10,"a":9007199254740993001,"text":"₹ \u00e9"}"#;

#[cfg(unix)]
pub(crate) fn assert_private(path: PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(not(unix))]
pub(crate) fn assert_private(_: PathBuf) {}
