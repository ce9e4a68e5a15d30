//! A partner of the emulator: what it knows, and the three ways to agree on a key.

use bankezy_crypto::{
    KeyPair, Opened, PayloadCipher, PrivateKeyOpener, PublicKey, PublicKeySealer,
};
use bankezy_sandbox::{AnswerForm, Sandbox};
use serde_json::{Value, json};

use crate::http::{Answer, request, send};

pub(crate) const GET_TOKEN: [&str; 2] = [
    "/token-service/client/server/new/token",
    "/token-service/client/server/new/v2/token",
];
pub(crate) const ONBOARDING: [&str; 2] = ["/onboarding/user/token", "/onboarding/user/v2/token"];
pub(crate) const APP_TOKEN: [&str; 2] = ["/token-service/new/token", "/token-service/new/v2/token"];
pub(crate) const RENEW: [&str; 2] = [
    "/token-service/client/server/renewtoken",
    "/token-service/client/app/renew/v2/token",
];
pub(crate) const RENEW_SAMPLE: &str = "/token-service/client/app/renew/token";
pub(crate) const INVALIDATE: [&str; 2] = [
    "/token-service/client/server/invalidate/token",
    "/token-service/client/server/invalidate/v2/token",
];
pub(crate) const ECHO: &str = "/sandbox/echo";
pub(crate) const ACCOUNT: &str = "9999999999999999999";

/// How a client seals its requests and opens the answers.
pub(crate) enum Channel {
    Cipher(PayloadCipher),
    Rsa {
        to_server: PublicKeySealer,
        own: PrivateKeyOpener,
    },
}

impl Channel {
    pub(crate) fn seal(&self, json: &str) -> String {
        match self {
            Self::Cipher(cipher) => cipher.seal(json.as_bytes()).unwrap(),
            Self::Rsa { to_server, .. } => to_server.seal(json.as_bytes()).unwrap(),
        }
    }

    pub(crate) fn try_open(&self, sealed: &[u8]) -> Result<Opened, bankezy_crypto::Error> {
        match self {
            Self::Cipher(cipher) => cipher.open(sealed),
            Self::Rsa { own, .. } => own.open(sealed),
        }
    }

    /// Opens a bare compact JWE that came as text with HTTP 200.
    pub(crate) fn open(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        let opened = self.try_open(&answer.body).unwrap();
        serde_json::from_slice(&opened).unwrap()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    Rsa,
}

pub(crate) fn key_pair(kind: Kind) -> KeyPair {
    match kind {
        Kind::P256 => KeyPair::generate().unwrap(),
        Kind::Rsa => KeyPair::from_pem(bankezy_test_support::keys::RSA_2048).unwrap(),
    }
}

/// What a client makes of the answer's server key.
pub(crate) fn exchanged(sandbox: &Sandbox, own: KeyPair, server_key: &str) -> Channel {
    let server = PublicKey::from_wire(server_key).unwrap();
    assert_eq!(server.key_type(), own.public_key().key_type());
    match server.bits() {
        256 => {
            let derivation = sandbox.credentials().derivation();
            let secret = own.agree(&server, &derivation).unwrap();
            Channel::Cipher(PayloadCipher::new(&secret).unwrap())
        }
        _ => Channel::Rsa {
            to_server: PublicKeySealer::new(&server).unwrap(),
            own: PrivateKeyOpener::new(own),
        },
    }
}

pub(crate) fn static_channel(sandbox: &Sandbox) -> Channel {
    let secret = sandbox.credentials().payload_secret();
    Channel::Cipher(PayloadCipher::new(secret).unwrap())
}

/// A token and the key that came with it.
pub(crate) struct Session {
    /// As it came, with or without `Bearer `.
    pub(crate) token: String,
    pub(crate) reference: String,
    pub(crate) channel: Channel,
}

/// A complete body of Get Token.
pub(crate) fn token_body(sandbox: &Sandbox, own: &KeyPair) -> Value {
    json!({
        "referenceId": "5f0c6f0e-7a57-4a3c-9d2b-0d7a3a1f0001",
        "sdkPublicKey": own.public_key().to_wire(),
        "sdkApiKey": sandbox.credentials().sdk_api_key(),
        "accountNumber": ACCOUNT.parse::<u64>().unwrap(),
        "firstName": "Ada",
        "lastName": "Lovelace",
        "email": "ada@example.com",
        "isdCode": 91,
        "mobileNumber": "9999999999",
        "dob": 20000229,
        "data": {"a": "b"},
    })
}

/// Sends clear text with `X-API-KEY` and whatever else is given.
pub(crate) async fn post(
    sandbox: &Sandbox,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut all = vec![
        ("X-API-KEY", sandbox.credentials().api_key()),
        ("Content-Type", "text/plain"),
    ];
    all.extend_from_slice(headers);
    let request = request("POST", path, &all, body.as_bytes());
    send(sandbox.address(), &request).await
}

/// Seals, sends, opens.
pub(crate) async fn call(
    sandbox: &Sandbox,
    channel: &Channel,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Value {
    let sealed = channel.seal(&body.to_string());
    let answer = post(sandbox, path, headers, &sealed).await.unwrap();
    channel.open(&answer)
}

/// An emulator whose answers have every form that occurs anywhere.
pub(crate) async fn varied() -> Sandbox {
    let builder = Sandbox::builder().answers(AnswerForm::Varied);
    builder.start().await.unwrap()
}

/// Get Token (v1) with a new key.
pub(crate) async fn session(sandbox: &Sandbox, kind: Kind) -> Session {
    let own = key_pair(kind);
    let body = token_body(sandbox, &own);
    let answer = call(sandbox, &static_channel(sandbox), GET_TOKEN[0], &[], &body).await;
    Session {
        token: answer["token"].as_str().unwrap().to_owned(),
        reference: answer["referenceId"].as_str().unwrap().to_owned(),
        channel: exchanged(sandbox, own, answer["serverPubKey"].as_str().unwrap()),
    }
}

/// Get App Token (v1) with a new key.
pub(crate) async fn app_session(sandbox: &Sandbox, kind: Kind) -> Session {
    let own = key_pair(kind);
    let body = app_body(sandbox, &own).to_string();
    let answer = post(sandbox, APP_TOKEN[0], &[], &body).await.unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    Session {
        token: answer["token"].as_str().unwrap().to_owned(),
        // The page of Get App Token shows none.
        reference: answer["referenceId"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        channel: exchanged(sandbox, own, answer["serverPublicKey"].as_str().unwrap()),
    }
}

pub(crate) fn app_body(sandbox: &Sandbox, own: &KeyPair) -> Value {
    json!({
        "apiKey": sandbox.credentials().app_api_key(),
        "publicKey": own.public_key().to_wire(),
        "secret": sandbox.credentials().app_secret(),
    })
}

/// Calls the echo API; the status where the answer is not 200.
pub(crate) async fn echo(sandbox: &Sandbox, token: &str, channel: &Channel) -> Result<(), u16> {
    let said = r#"{"z":1, "a":[9999999999999999999, 1.50]}"#;
    let headers = [("X-API-TOKEN", token)];
    let answer = post(sandbox, ECHO, &headers, &channel.seal(said))
        .await
        .unwrap();
    if answer.status != 200 {
        return Err(answer.status);
    }
    assert_eq!(
        channel.try_open(&answer.body).unwrap().as_bytes(),
        said.as_bytes()
    );
    Ok(())
}
