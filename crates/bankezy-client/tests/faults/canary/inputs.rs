//! Inputs that are refused before anything is sent, with a canary in each.

use std::sync::Arc;

use bankezy_client::Client;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, BankEzy, Endpoint, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{Channel, Derivation, KeyPair, PayloadSecret, PublicKey, SecretBytes};
use http::{Method, Request, Uri};
use serde::ser::{Error as _, Serialize, Serializer};

use super::shown::Shown;
use crate::partner::{P256, account};

/// A value that cannot be written, and says why at length.
pub(super) struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("CANARY-unwritable"))
    }
}

pub(super) async fn show(shown: &mut Shown, channel: &Channel, client: &Client) {
    for url in [
        "CANARY",
        "ftp://host.example/CANARY",
        "http://host.example/CANARY",
        "https://CANARY:CANARY@host.example/",
        "https://host.example/CANARY?CANARY",
        "https://host.example/#CANARY",
        "https://host.example/CANARY CANARY",
        "https://host.example/CANARY",
    ] {
        shown.result("base URL", BaseUrl::parse(url));
    }
    for text in ["CANARY", "CANARY!", "CANARY/CANARY="] {
        shown.result("secret, base64", PayloadSecret::from_base64(text));
        shown.result("secret, base64url", PayloadSecret::from_base64url(text));
        shown.result("secret, hex", PayloadSecret::from_hex(text));
        shown.result("secret, text", PayloadSecret::from_raw_str(text));
        shown.result("account number", AccountNumber::parse(text));
        shown.result("public key", PublicKey::from_wire(text));
        shown.result("private key", KeyPair::from_pem(text));
        let ours = Arc::clone(&P256);
        let raw = Derivation::RawSharedSecret;
        shown.result("server key", Channel::establish(ours, text, &raw));
        shown.result("sealed", channel.open(text));
    }
    let whole = PayloadSecret::from_raw_str("CANARY-secret-of-thirty-two-char");
    assert!(whole.is_ok());
    shown.result("secret", whole);

    requests(shown, channel);
    configurations(shown);

    for url in [
        "http://host.example/CANARY?CANARY",
        "https://CANARY:CANARY@host.example/CANARY?CANARY",
        "/CANARY?CANARY",
    ] {
        let mut request = Request::new(SecretBytes::from(b"CANARY".to_vec()));
        *request.uri_mut() = Uri::try_from(url).unwrap();
        shown.result("request", client.send(request).await.map(drop));
    }
}

fn requests(shown: &mut Shown, channel: &Channel) {
    let base = BaseUrl::parse("https://host.example/CANARY").unwrap();
    for key in ["CANARY\n", "CANARY\0", ""] {
        let server = BankEzy::new(base.clone(), key, Version::V1);
        shown.result("API key", server);
    }
    let server = BankEzy::new(base, "CANARY", Version::V2).unwrap();
    shown.value("provider", &server);

    let request = || TokenRequest::new("CANARY", "CANARY", "CANARY", account()).unwrap();
    shown.result(
        "reference",
        TokenRequest::new("", "CANARY", "CANARY", account()),
    );
    shown.result("mobile", request().with_mobile("CANARY", "CANARY"));
    shown.result("mobile", request().with_mobile("91", "CANARY"));
    let twice = request().with_extra("CANARY", "CANARY").unwrap();
    shown.value("token request", &twice);
    shown.result("extra twice", twice.with_extra("CANARY", "CANARY"));
    let unwritable = request().with_extra("CANARY", &Unwritable);
    shown.result("unwritable extra", unwritable);

    let token = Token::new("CANARY".to_owned().into(), None);
    shown.value("token", &token);
    let bad = Token::new("CANARY\n".to_owned().into(), None);
    for (from, result) in [
        (
            "path",
            server.call_request("CANARY?CANARY", "CANARY", &token, channel),
        ),
        (
            "path",
            server.call_request("/CANARY {CANARY}", "CANARY", &token, channel),
        ),
        (
            "token",
            server.call_request("/CANARY", "CANARY", &bad, channel),
        ),
        (
            "body",
            server.call_request("/CANARY", &Unwritable, &token, channel),
        ),
        ("renew", server.renew_request(&bad, account(), channel)),
    ] {
        shown.result(from, result.map(drop));
    }
    let app = AppCredentials {
        api_key: "CANARY",
        secret: "",
    };
    shown.value("app credentials", &app);
    let refused = server.app_token_request(&app, Arc::clone(&P256));
    shown.result("app secret", refused.map(drop));

    // Of the headers of a request, those with a secret are marked so that no client logs them.
    let sent = server.renew_request(&token, account(), channel).unwrap();
    shown.value("headers", sent.headers());
    shown.value("body", sent.body());
    let endpoint = Endpoint::new(Method::POST, "/CANARY");
    let overridden =
        server.with_endpoint(bankezy_crypto::providers::bankezy::Call::Renew, endpoint);
    shown.value("provider", &overridden);
}

fn configurations(shown: &mut Shown) {
    let pem = "-----BEGIN CERTIFICATE-----\nCANARY\n-----END CERTIFICATE-----\n";
    let key = "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----\n";
    for text in ["CANARY", pem] {
        let builder = Client::builder().add_root_certificate_pem(text);
        shown.value("builder", &builder);
        shown.result("root", builder.build());
    }
    for (chain, key) in [("CANARY", "CANARY"), (pem, key), (pem, "CANARY")] {
        let builder = Client::builder()
            .only_these_roots(true)
            .client_identity_pem(chain, key.to_owned().into());
        shown.value("builder", &builder);
        shown.result("identity", builder.build());
    }
    for proxy in [
        "ftp://CANARY:CANARY@CANARY",
        "http://CANARY:CANARY@proxy.example",
    ] {
        let builder = Client::builder()
            .only_these_roots(true)
            .proxy(Uri::try_from(proxy).unwrap());
        shown.value("builder", &builder);
        shown.result("proxy", builder.build());
    }
}
