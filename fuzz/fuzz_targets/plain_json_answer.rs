//! Any answer of Faceki's, ComplyCube's or Sardine's: read without a panic, and shown in no error.
//!
//! The first byte chooses the provider, the second the status; the others are the body.
#![no_main]

use std::time::{Duration, SystemTime};

use bankezy_crypto::providers::complycube::{self, ComplyCube, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, SANDBOX_BASE_URL, Sardine};
use bankezy_crypto::providers::{BaseUrl, CallError, Token, TokenApi};
use bankezy_crypto_fuzz::assert_hidden;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const STATUSES: [u16; 8] = [200, 200, 201, 302, 400, 401, 402, 503];

fuzz_target!(|input: &[u8]| {
    let [provider, choice, body @ ..] = input else {
        return;
    };
    let mut response = Response::new(body);
    let status = STATUSES[usize::from(*choice) % STATUSES.len()];
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if let Ok(value) = HeaderValue::from_bytes(&body[..body.len().min(20)]) {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    match provider % 3 {
        0 => {
            let api = Faceki::new("id", "secret").unwrap();
            check(&api, &(), &response, &["data", "access_token"]);
        }
        1 => {
            let api = ComplyCube::new("key").unwrap();
            let app_id = "com.example".to_owned();
            let request = complycube::TokenRequest::new("client", Sdk::Mobile { app_id }).unwrap();
            check(&api, &request, &response, &["token"]);
        }
        _ => {
            let base = BaseUrl::parse(SANDBOX_BASE_URL).unwrap();
            let api = Sardine::new(base, "id", "secret").unwrap();
            let request = sardine::TokenRequest::new("session").unwrap();
            check(&api, &request, &response, &["access_token"]);
        }
    }
});

/// What is taken is what another reader of JSON finds in that place.
fn check<A: TokenApi>(api: &A, request: &A::Request, response: &Response<&[u8]>, place: &[&str]) {
    let received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let body = response.body();
    match api.response(request, response, received_at) {
        Ok(answer) => {
            let token: &Token = answer.as_ref();
            assert!(response.status().is_success());
            assert!(!token.as_str().is_empty());
            assert_hidden(format_args!("{token:?}"));
            assert!(
                token
                    .expires_at()
                    .is_none_or(|expiry| expiry >= received_at)
            );
            let _ = token.remaining(received_at);
            // That reader refuses numbers that no double holds, in members that nobody looks at.
            if let Ok(value) = serde_json::from_slice::<Value>(body) {
                let found = place.iter().fold(&value, |value, member| &value[*member]);
                assert_eq!(found, token.as_str());
            }
        }
        Err(error) => {
            assert_hidden(format_args!("{error:?} {error}"));
            let kept = match &error {
                CallError::Plain(plain) | CallError::Refused { plain, .. } => {
                    plain.unauthenticated_text()
                }
                _ => "",
            };
            // Invalid UTF-8 grows threefold.
            assert!(kept.len() <= 3 * 4096);
            let _ = (error.code(), error.category(), error.retry_after());
        }
    }
}
