//! A server that answers in every way, each with a canary in it. The last part of the path decides.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bankezy_crypto::{PayloadCipher, PayloadSecret};
use http::StatusCode;
use serde_json::json;

/// As long as a code may be before it is not shown, and then some.
pub(super) const ANSWERED: &str = "CANARY-answered-by-the-server";

/// Answers that are sealed with status 200, each of another content.
pub(super) const SEALED: [&str; 9] = [
    "token",
    "failed",
    "failed-inside",
    "bad-expiry",
    "bad-number",
    "bad-token",
    "no-token",
    "not-json",
    "text",
];

/// Answers that are wrong from outside.
pub(super) const OUTSIDE: [&str; 12] = [
    "401",
    "429",
    "429-for-long",
    "500",
    "503",
    "clear",
    "clear-text",
    "redirect",
    "sealed-400",
    "wrong-key",
    "bad-header",
    "too-long",
];

pub(super) const MAX_ANSWER: usize = 16 * 1024;

pub(super) async fn start(secret: &PayloadSecret) -> SocketAddr {
    let cipher = Arc::new(PayloadCipher::new(secret).unwrap());
    let app = Router::new().fallback(answer).with_state(cipher);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

async fn answer(State(cipher): State<Arc<PayloadCipher>>, request: Request) -> Response {
    let mode = request.uri().path().rsplit('/').next().unwrap().to_owned();
    let clear = request.headers()["content-type"] == "application/json";
    let (status, body) = written(&mode, clear, &cipher);
    let response = Response::builder()
        .status(status)
        .header("x-answer", ANSWERED)
        .header("location", format!("https://{ANSWERED}.example/{ANSWERED}"))
        .header("set-cookie", ANSWERED)
        .header("content-type", format!("text/{ANSWERED}"));
    let response = match mode.as_str() {
        "429" => response.header("retry-after", ANSWERED),
        "429-for-long" => response.header("retry-after", "3600"),
        _ => response,
    };
    response.body(Body::from(body)).unwrap()
}

fn written(mode: &str, clear: bool, cipher: &PayloadCipher) -> (StatusCode, String) {
    let wrong = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let sealed = |status: u16, text: &str| {
        let body = match clear {
            true => text.to_owned(),
            false => cipher.seal(text.as_bytes()).unwrap(),
        };
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let plain = |status: u16| (StatusCode::from_u16(status).unwrap(), ANSWERED.to_owned());
    let failure = json!({"resCode": ANSWERED, "resDesc": ANSWERED, "errorMessage": ANSWERED});
    let token = |name: &str, value: serde_json::Value| {
        let mut answer = json!({
            "resCode": 200, "resDesc": ANSWERED, "token": ANSWERED, "serverPubKey": ANSWERED,
            "referenceId": ANSWERED, "tokenReferenceId": ANSWERED, "loginId": "7",
            "accountNumber": ANSWERED, "expireAt": 4_102_444_800_000_u64,
        });
        answer[name] = value;
        answer.to_string()
    };
    match mode {
        "token" => sealed(200, &token("extra", ANSWERED.into())),
        "failed" => sealed(200, &failure.to_string()),
        "failed-inside" => sealed(200, &json!({"resCode": 200, "data": failure}).to_string()),
        "bad-expiry" => sealed(200, &token("expireAt", ANSWERED.into())),
        "bad-number" => sealed(200, &token("accountNumber", json!([ANSWERED]))),
        "bad-token" => sealed(200, &token("token", json!({ ANSWERED: ANSWERED }))),
        "no-token" => sealed(200, &token("token", json!(null))),
        "not-json" => sealed(200, ANSWERED),
        "text" => sealed(200, &json!(ANSWERED).to_string()),
        "sealed-400" => sealed(400, &failure.to_string()),
        "wrong-key" => (StatusCode::OK, wrong.seal(ANSWERED.as_bytes()).unwrap()),
        "bad-header" => {
            let header = strange_header();
            (StatusCode::OK, format!("{header}..{ANSWERED}.AAAA.AAAA"))
        }
        "clear" => (StatusCode::OK, token("extra", ANSWERED.into())),
        "too-long" => (StatusCode::OK, ANSWERED.repeat(MAX_ANSWER)),
        "redirect" => plain(302),
        "429" | "429-for-long" => plain(429),
        "401" | "500" | "503" => plain(mode.parse().unwrap()),
        _ => plain(200),
    }
}

/// `{"alg":"CANARY","enc":"CANARY"}` in base64url.
fn strange_header() -> &'static str {
    "eyJhbGciOiJDQU5BUlkiLCJlbmMiOiJDQU5BUlkifQ"
}
