//! BankEzy's calls through the API that all providers share.

use std::sync::Arc;

use bankezy_crypto::backend::{AVAILABLE, Backend};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, AppTokenApi, BankEzy, Endpoint, OnboardingApi, RenewApi,
    RenewRequest, TokenAnswer, TokenRequest, UserTokenApi, UserTokenRequest, Version,
};
use bankezy_crypto::providers::{
    BaseUrl, CallError, FieldProblem, RequestError, Token, TokenApi, UnexpectedReply,
};
use bankezy_crypto::{Channel, Derivation, KeyPair, PayloadCipher, PayloadSecret, SecretBytes};
use http::Response;
use serde_json::{Value, json};

use super::{answer, now, refused_field, shown};

pub(crate) fn backend() -> &'static Backend {
    &AVAILABLE[0]
}

fn secret() -> PayloadSecret {
    PayloadSecret::from_bytes(&[7; 32]).unwrap()
}

fn cipher() -> PayloadCipher {
    PayloadCipher::with_backend(&secret(), backend()).unwrap()
}

pub(crate) fn channel() -> Channel {
    Channel::from_secret(&secret(), backend()).unwrap()
}

pub(crate) fn server(base: &str, api_key: &str) -> BankEzy {
    BankEzy::new(BaseUrl::parse(base).unwrap(), api_key, Version::V2).unwrap()
}

pub(crate) fn account(number: u64) -> AccountNumber {
    AccountNumber::new(number).unwrap()
}

pub(crate) fn user(reference: &str, number: u64, name: &str) -> UserTokenRequest {
    let request = TokenRequest::new(reference, "wire", "CANARY-sdk", account(number))
        .unwrap()
        .with_first_name(name);
    UserTokenRequest::new(&request).unwrap()
}

fn here() -> BankEzy {
    server("https://api.example.com/kong", "CANARY-key")
}

fn sealed(body: &Value) -> Response<Vec<u8>> {
    answer(200, cipher().seal_json(body).unwrap())
}

/// Checks a user's token call, and returns the references of two requests for it.
fn goes_and_comes<A>(api: &A, path: &str, code: &str) -> [String; 2]
where
    A: TokenApi<Request = UserTokenRequest, Answer = TokenAnswer> + core::fmt::Debug,
{
    let request = user("r \"1\"", 12, "CANARY");
    let sent = api.request(&request).unwrap();
    assert_eq!(sent.uri().path(), path);
    assert_eq!(sent.headers()["content-type"], "text/plain");
    let body = |sent: &http::Request<SecretBytes>| -> (String, Value) {
        let mut body: Value = cipher().open_json(sent.body()).unwrap();
        let reference = body["referenceId"].take();
        (reference.as_str().unwrap().to_owned(), body)
    };
    let (reference, said) = body(&sent);
    assert_eq!(
        said,
        json!({"referenceId": null, "sdkPublicKey": "wire", "sdkApiKey": "CANARY-sdk",
            "accountNumber": 12, "firstName": "CANARY"})
    );
    let again = api.request(&request).unwrap();
    assert_ne!(
        sent.body().as_bytes(),
        again.body().as_bytes(),
        "each is sealed with a nonce of its own"
    );
    let reply = sealed(&json!({"resCode": code, "token": "CANARY-t", "expireAt": 1_000}));
    let found = api.response(&request, &reply, now()).unwrap();
    assert_eq!(found.as_ref().as_str(), "CANARY-t");
    assert!(found.as_ref().expires_at().is_some());
    let clear = answer(200, r#"{"resCode":200,"token":"CANARY"}"#);
    assert!(matches!(
        api.response(&request, &clear, now()).unwrap_err(),
        CallError::Unexpected {
            problem: UnexpectedReply::NotSealed,
            ..
        }
    ));
    shown(&(api, &request, &found));
    [reference, body(&again).0]
}

#[test]
fn user_tokens_go_out_and_come_back_sealed() {
    let path = "/kong/token-service/client/server/new/v2/token";
    let api = UserTokenApi::get_token(here(), channel());
    let references = goes_and_comes(&api, path, "TOK200");
    assert_eq!(references[0].len(), 36, "a UUID");
    assert_ne!(references[0], references[1], "each has its own");
    let api = OnboardingApi::new(here(), channel());
    let references = goes_and_comes(&api, "/kong/onboarding/user/token", "ONB200");
    assert_eq!(references, ["r \"1\"", "r \"1\""], "the caller's");
    // The codes are those of the call.
    let onboarded = sealed(&json!({"resCode": "ONB200", "data": {"resCode": 200, "token": "t"}}));
    let api = UserTokenApi::get_token(here(), channel());
    let error = api.response(&user("r", 1, "n"), &onboarded, now());
    assert!(matches!(error.unwrap_err(), CallError::Failed { .. }));
}

#[test]
fn tokens_are_renewed() {
    let api = RenewApi::new(here(), channel());
    let token = Token::new("CANARY-old".to_owned().into(), None);
    let request = RenewRequest::new(token, account(34));
    let sent = api.request(&request).unwrap();
    assert_eq!(sent.headers()["x-api-token"], "CANARY-old");
    assert_eq!(sent.headers()["x-account-number"], "34");
    let reply = sealed(&json!({"resCode": 200, "token": "CANARY-new"}));
    let found = api.response(&request, &reply, now()).unwrap();
    assert_eq!(found.as_ref().as_str(), "CANARY-new");
    shown(&(&api, &request, &found));
}

#[test]
fn app_tokens_come_with_their_channel() {
    let credentials = AppCredentials {
        api_key: "CANARY-app",
        secret: "CANARY-secret",
    };
    let api = AppTokenApi::new(here(), &credentials, Derivation::Sha256).unwrap();
    let ours = Arc::new(KeyPair::generate_with_backend(backend()).unwrap());
    let theirs = KeyPair::generate_with_backend(backend()).unwrap();
    let sent = api.request(&ours).unwrap();
    let body: Value = serde_json::from_slice(sent.body().as_bytes()).unwrap();
    assert_eq!(
        body,
        json!({"apiKey": "CANARY-app", "publicKey": ours.public_key().to_wire(),
            "secret": "CANARY-secret"})
    );
    let wire = theirs.public_key().to_wire();
    let reply = json!({"resCode": 200, "token": "CANARY-t", "serverPubKey": wire});
    let session = api
        .response(&ours, &answer(200, reply.to_string()), now())
        .unwrap();
    assert_eq!(session.as_ref().as_str(), "CANARY-t");
    let agreed = theirs
        .agree(ours.public_key(), &Derivation::Sha256)
        .unwrap();
    let at_server = PayloadCipher::with_backend(&agreed, backend()).unwrap();
    let message = session.channel.seal(b"{}").unwrap();
    assert_eq!(at_server.open(message).unwrap().as_bytes(), b"{}");
    shown(&(&api, &session));

    let missing = FieldProblem::Missing;
    for (api_key, secret, name) in [("", "CANARY", "apiKey"), ("CANARY", "", "secret")] {
        let credentials = AppCredentials { api_key, secret };
        let api = AppTokenApi::new(here(), &credentials, Derivation::Sha256);
        assert_eq!(refused_field(api), (name, missing));
    }
}

#[test]
fn overridden_endpoints_hold() {
    use bankezy_crypto::providers::bankezy::Call;
    let server = here().with_endpoint(Call::GetToken, Endpoint::from("/other"));
    let sent = UserTokenApi::get_token(server, channel())
        .request(&user("r", 1, "n"))
        .unwrap();
    assert_eq!(sent.uri().path(), "/kong/other");
    let server = here().with_endpoint(Call::GetToken, Endpoint::from("no slash"));
    let error = UserTokenApi::get_token(server, channel()).request(&user("r", 1, "n"));
    assert!(matches!(error.unwrap_err(), RequestError::Url { .. }));
}
