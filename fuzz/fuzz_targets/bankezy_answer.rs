//! Any answer of BankEzy's: read without a panic, taken only if it was sealed, and shown in no error.
//!
//! The first byte chooses the call, the second the status and whether the body is sealed; the others
//! are the body, or what is sealed in it.
#![no_main]

use std::sync::{Arc, LazyLock};

use bankezy_crypto::backend::AWS_LC_RS;
use bankezy_crypto::providers::bankezy::{
    AppCredentials, AppTokenHandshake, BankEzy, Call, Version, meaning, read, read_invalidated,
    read_token,
};
use bankezy_crypto::providers::{BaseUrl, CallError, UnexpectedReply};
use bankezy_crypto::{Channel, Derivation, KeyPair, PayloadSecret};
use bankezy_crypto_fuzz::{DIR, SECRET, assert_hidden, seal};
use http::{Response, StatusCode};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const STATUSES: [u16; 8] = [200, 200, 201, 204, 302, 401, 422, 503];
const CREDENTIALS: AppCredentials<'_> = AppCredentials {
    api_key: "key",
    secret: "secret",
};

static CHANNEL: LazyLock<Channel> = LazyLock::new(|| {
    let secret = PayloadSecret::from_base64url(SECRET).unwrap();
    Channel::from_secret(&secret, &AWS_LC_RS).unwrap()
});
static KEYS: LazyLock<[Arc<KeyPair>; 2]> = LazyLock::new(|| {
    [
        include_str!("../../tests/data/p256.pem"),
        include_str!("../../tests/data/rsa2048.pem"),
    ]
    .map(|pem| Arc::new(KeyPair::from_pem(pem).unwrap()))
});

fuzz_target!(|input: &[u8]| {
    let [call, choice, body @ ..] = input else {
        return;
    };
    let status = STATUSES[usize::from(*choice) % STATUSES.len()];
    let status = StatusCode::from_u16(status).unwrap();
    let is_sealed = choice & 0x80 == 0;
    let sealed;
    let sent = match is_sealed {
        true => {
            sealed = seal(SECRET, DIR.as_bytes(), &[], body);
            sealed.as_bytes()
        }
        false => body,
    };
    let mut response = Response::new(sent);
    *response.status_mut() = status;

    let taken = match call % 7 {
        0 => token(Call::GetToken, &response),
        1 => token(Call::OnboardingToken, &response),
        2 => token(Call::Renew, &response),
        3 => read_invalidated(&response, &CHANNEL).map(|outcome| {
            assert_hidden(format_args!("{outcome:?} {outcome}"));
        }),
        4 => read::<Value, _>(&response, &CHANNEL).map(|value| {
            assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), value);
        }),
        choice => {
            // This call alone is answered in clear.
            let ours = &KEYS[usize::from(choice - 5)];
            response = response.map(|_| body);
            let session = handshake(ours).finish(&response, &DERIVATION);
            return hide(session.map(|session| {
                assert!(status.is_success());
                assert_hidden(format_args!("{session:?}"));
                let sealed = session.channel.seal(b"{}");
                // One key for both directions, where it is agreed.
                if choice == 5 {
                    let opened = session.channel.open(sealed.unwrap()).unwrap();
                    assert_eq!(opened.as_bytes(), b"{}");
                }
            }));
        }
    };
    if taken.is_ok() {
        assert!(status.is_success());
        assert!(is_sealed, "a success in clear was taken");
    }
    if let Err(CallError::Unexpected { problem, .. }) = taken {
        assert!(problem != UnexpectedReply::NotSealed || !is_sealed);
    }
    hide(taken);
});

const DERIVATION: Derivation<'_> = Derivation::Sha256;

fn token(call: Call, response: &Response<&[u8]>) -> Result<(), CallError> {
    read_token(call, response, &CHANNEL).map(|answer| {
        assert!(!answer.token.as_str().is_empty());
        assert_hidden(format_args!("{answer:?} {:?}", answer.token));
        answer.outcome.code.as_ref().map(meaning);
    })
}

fn handshake(ours: &Arc<KeyPair>) -> AppTokenHandshake {
    let base = BaseUrl::parse("https://api.example.com").unwrap();
    let server = BankEzy::new(base, "key", Version::V1).unwrap();
    let (_, handshake) = server
        .app_token_request(&CREDENTIALS, Arc::clone(ours))
        .unwrap();
    handshake
}

fn hide(taken: Result<(), CallError>) {
    if let Err(error) = taken {
        assert_hidden(format_args!("{error:?} {error}"));
        let _ = (error.code(), error.category(), error.retry_after());
    }
}
