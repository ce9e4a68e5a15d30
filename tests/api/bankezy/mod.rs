//! BankEzy's calls as pure functions: the requests, and every documented form of the answers.

mod answers;
mod checks;
mod keys;
mod requests;

use crate::common::{cipher, secret};
use bankezy_crypto::backend::Backend;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, BankEzy, Call, TokenAnswer, TokenRequest, Version, read_token,
};
use bankezy_crypto::providers::{BaseUrl, CallError, Token};
use bankezy_crypto::{Channel, Derivation, SecretBytes};
use http::{Request, Response};
use serde_json::Value;

const RAW: Derivation<'static> = Derivation::RawSharedSecret;

fn server(version: Version) -> BankEzy {
    let base = BaseUrl::parse("https://api.example.com/kong").unwrap();
    BankEzy::new(base, "CANARY-api-key", version).unwrap()
}

fn channel(backend: &Backend) -> Channel {
    Channel::from_secret(&secret(), backend).unwrap()
}

fn first() -> &'static Backend {
    &bankezy_crypto::backend::AVAILABLE[0]
}

fn account() -> AccountNumber {
    AccountNumber::new(9_999_999_999_999_999_999).unwrap()
}

fn request() -> TokenRequest<'static> {
    TokenRequest::new("ref-1", "wire", "CANARY-sdk-key", account()).unwrap()
}

fn token() -> Token {
    Token::new("Bearer CANARY.token".to_owned().into(), None)
}

/// What the server sees inside a request sealed under the static secret.
fn inside(request: &Request<SecretBytes>) -> Value {
    cipher(first()).open_json(request.body()).unwrap()
}

/// An answer sealed under the static secret.
fn sealed(status: u16, body: &Value) -> Response<String> {
    answer(status, cipher(first()).seal_json(body).unwrap())
}

fn answer(status: u16, body: impl Into<String>) -> Response<String> {
    Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

fn read_one(body: &Value) -> Result<TokenAnswer, CallError> {
    read_token(Call::OnboardingToken, &sealed(200, body), &channel(first()))
}
