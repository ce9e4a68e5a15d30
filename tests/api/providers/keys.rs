//! The keys under which tokens are kept: whatever leads to another token leads to another key.

use std::collections::HashMap;
use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{
    AppCredentials, AppTokenApi, Call, Endpoint, UserTokenApi,
};
use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Platform, Provider, Sardine};
use bankezy_crypto::providers::{BaseUrl, CachedTokenApi, TokenKey};
use bankezy_crypto::{Channel, Derivation, KeyPair, PayloadSecret, SharedSecret};

use super::bankezy::{backend, channel, server, user};
use super::shown;

pub(super) fn base(url: &str) -> BaseUrl {
    BaseUrl::parse(url).unwrap()
}

fn web(client_id: &str, referrer: &str) -> complycube::TokenRequest {
    let referrer = MatchPattern::parse(referrer).unwrap();
    complycube::TokenRequest::new(client_id, Sdk::Web { referrer }).unwrap()
}

fn mobile(client_id: &str, app_id: &str) -> complycube::TokenRequest {
    let app_id = app_id.to_owned();
    complycube::TokenRequest::new(client_id, Sdk::Mobile { app_id }).unwrap()
}

fn session(key: &str) -> sardine::TokenRequest {
    sardine::TokenRequest::new(key).unwrap()
}

#[test]
fn requests_for_different_tokens_never_share_a_key() {
    let mut seen = HashMap::new();
    let mut add = |what: &'static str, key: TokenKey| {
        assert_eq!(shown(&key), "TokenKey([redacted]) TokenKey([redacted])");
        if let Some(earlier) = seen.insert(key, what) {
            panic!("{what} and {earlier}");
        }
    };

    let faceki = |id, secret| Faceki::new(id, secret).unwrap();
    add("faceki", faceki("ab", "c").key(&()).unwrap());
    add(
        "its parts cut elsewhere",
        faceki("a", "bc").key(&()).unwrap(),
    );
    add("another secret", faceki("ab", "d").key(&()).unwrap());
    let elsewhere = faceki("ab", "c").with_base_url(base("http://127.0.0.1:1"));
    add("another base", elsewhere.key(&()).unwrap());

    let cube = ComplyCube::new("k").unwrap();
    add("web", cube.key(&web("c", "https://a.example/*")).unwrap());
    add("page", cube.key(&web("c", "https://b.example/*")).unwrap());
    add(
        "client",
        cube.key(&web("d", "https://a.example/*")).unwrap(),
    );
    add(
        "app",
        cube.key(&mobile("c", "https://a.example/*")).unwrap(),
    );
    let live = ComplyCube::new("l").unwrap();
    add("live", live.key(&web("c", "https://a.example/*")).unwrap());
    let other = ComplyCube::new("k").unwrap();
    let other = other.with_base_url(base("https://b.example"));
    add("cube", other.key(&web("c", "https://a.example/*")).unwrap());

    let sardine = |url, id, secret| Sardine::new(base(url), id, secret).unwrap();
    let here = sardine("https://s.example", "i", "s");
    add("session", here.key(&session("s")).unwrap());
    add("another", here.key(&session("t")).unwrap());
    let customer = session("s").with_customer_id("ios").unwrap();
    add("customer", here.key(&customer).unwrap());
    let platform = session("s").with_platform(Platform::IOS);
    add("platform", here.key(&platform).unwrap());
    let provider = session("s").with_provider(Provider::new("ios").unwrap());
    add("provider", here.key(&provider).unwrap());
    for (url, id, secret) in [
        ("https://t.example", "i", "s"),
        ("https://s.example", "j", "s"),
        ("https://s.example", "i", "t"),
    ] {
        add(
            "account",
            sardine(url, id, secret).key(&session("s")).unwrap(),
        );
    }

    let url = "https://a.example";
    let user_api = |url, key| UserTokenApi::get_token(server(url, key), channel());
    let get = user_api(url, "k");
    add("user", get.key(&user("r", 1, "n")).unwrap());
    add("another user", get.key(&user("r", 2, "n")).unwrap());
    add("another name", get.key(&user("r", 1, "m")).unwrap());
    add(
        "api key",
        user_api(url, "l").key(&user("r", 1, "n")).unwrap(),
    );
    let other = user_api("https://b.example", "k");
    add("server", other.key(&user("r", 1, "n")).unwrap());
    let moved = server(url, "k").with_endpoint(Call::GetToken, Endpoint::from("/other"));
    let moved = UserTokenApi::get_token(moved, channel());
    add("endpoint", moved.key(&user("r", 1, "n")).unwrap());

    let secret = PayloadSecret::from_bytes(&[8; 32]).unwrap();
    let sealed = UserTokenApi::get_token(
        server(url, "k"),
        Channel::from_secret(&secret, backend()).unwrap(),
    );
    add("payload secret", sealed.key(&user("r", 1, "n")).unwrap());

    let ours: [_; 2] =
        core::array::from_fn(|_| Arc::new(KeyPair::generate_with_backend(backend()).unwrap()));
    for (api_key, secret) in [("a", "b"), ("a", "c"), ("d", "b")] {
        let credentials = AppCredentials { api_key, secret };
        for derivation in derivations() {
            let api = AppTokenApi::new(server(url, "k"), &credentials, derivation).unwrap();
            for key_pair in &ours {
                add("app token", api.key(key_pair).unwrap());
            }
        }
    }
}

#[test]
fn requests_for_one_token_share_a_key() {
    let faceki = || Faceki::new("i", "s").unwrap();
    let in_headers = faceki().with_credentials_in_headers();
    assert_eq!(faceki().key(&()), in_headers.key(&()));
    let cube = || ComplyCube::new("k").unwrap();
    assert_eq!(cube().key(&mobile("c", "a")), cube().key(&mobile("c", "a")));
    let sardine = || Sardine::new(base("https://s.example/"), "i", "s").unwrap();
    let request = || session("s").with_platform(Platform::new("ios").unwrap());
    let ios = session("s").with_platform(Platform::IOS);
    assert_eq!(sardine().key(&request()), sardine().key(&ios));
    let get = || UserTokenApi::get_token(server("https://a.example", "k"), channel());
    // A reference is of one call alone.
    assert_eq!(
        get().key(&user("first", 1, "n")),
        get().key(&user("second", 1, "n"))
    );
}

#[test]
fn parts_do_not_run_into_each_other() {
    let keys = [
        TokenKey::of(&[]),
        TokenKey::of(&[b""]),
        TokenKey::of(&[b"", b""]),
        TokenKey::of(&[b"ab"]),
        TokenKey::of(&[b"a", b"b"]),
        TokenKey::of(&[b"b", b"a"]),
    ]
    .map(Result::unwrap);
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "{place}");
    }
}

/// Three of one kind that differ in what they are given, and one of another kind.
fn derivations() -> [Derivation<'static>; 4] {
    let reversed = |shared: &SharedSecret| {
        let mut key = *shared.as_bytes();
        key[0] ^= 1;
        PayloadSecret::from_bytes(&key)
    };
    [
        Derivation::Sha256,
        Derivation::HkdfSha256 {
            salt: b"salt",
            info: b"",
        },
        Derivation::HkdfSha256 {
            salt: b"",
            info: b"salt",
        },
        Derivation::Custom(Box::leak(Box::new(reversed))),
    ]
}
