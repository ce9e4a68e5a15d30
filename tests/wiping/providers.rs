//! Requests to the four providers and their answers, refusals among them.

use std::sync::Arc;
use std::time::SystemTime;

use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, AppTokenApi, BankEzy, Call, RenewApi, RenewRequest,
    TokenRequest, UserTokenApi, UserTokenRequest, Version, read, read_invalidated, read_token,
};
use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Sardine};
use bankezy_crypto::providers::{BaseUrl, CachedTokenApi, RequestError, Token, TokenApi};
use bankezy_crypto::{Channel, Derivation, KeyPair, SecretBytes};
use http::{Request, Response};
use serde_json::json;

use super::common::each_backend;
use super::secrets::Secrets;
use super::watch::{Left, Watch};
use super::{KEY, MARKER, P256_JWK, key_pair, numbers, payload_secret};

const API_KEY: &str = "api-key-4d8e0b7a61c2";
const CLIENT: &str = "client-id-90b3c7e2a5f1";
const SECRET: &str = "client-secret: 7a/e9+d1";
const TOKEN: &str = "token/c3ab8ff13720e8ad9047dd39466b3c89";
const ACCOUNT: u64 = 7_345_908_126_734_590_812;

fn secrets() -> Secrets {
    Secrets::of("payload secret", &KEY)
        .and("plaintext", MARKER.as_bytes())
        .and("API key", API_KEY.as_bytes())
        .and("client", CLIENT.as_bytes())
        .and("client secret", SECRET.as_bytes())
        .and("token", TOKEN.as_bytes())
        .and("account number", ACCOUNT.to_string().as_bytes())
}

fn token() -> Token {
    Token::new(TOKEN.to_owned().into(), None)
}

fn now() -> SystemTime {
    SystemTime::now()
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .body(body.into())
        .unwrap()
}

/// Builds a request: nothing is left of it except its headers and its URL, which `http` does not wipe.
fn request_leaves(
    watch: &Watch,
    in_head: &[&'static str],
    build: impl Fn() -> Result<Request<SecretBytes>, RequestError>,
) {
    let secrets = secrets();
    let (request, freed) = watch.freed(|| build().unwrap());
    assert_eq!(freed.holding(&secrets), Left::new(), "built");
    let (head, body) = request.into_parts();
    assert_eq!(watch.left(&secrets, || body), Left::new(), "body");
    let in_head: Left = in_head.iter().copied().collect();
    assert_eq!(watch.left(&secrets, || head), in_head, "head");
}

/// The same token in every way that JSON may write it, and whole answers around it that are refused. `Some` of an
/// answer holds what its member `token` is called.
fn answers(member: &str, wrap: impl Fn(String) -> String) -> Vec<Response<Vec<u8>>> {
    let mut bodies = Vec::new();
    for text in [
        TOKEN.to_owned(),
        TOKEN.replace('/', "\\/"),
        TOKEN.replace('/', "\\u002f"),
        TOKEN.repeat(50).replace('/', "\\/"),
        format!("{TOKEN}\\ud800"),
    ] {
        bodies.push(wrap(format!(r#""{member}":"{text}""#)));
    }
    let whole = bodies[0].clone();
    bodies.push(wrap(format!(r#""{member}":["{TOKEN}"]"#)));
    bodies.push(wrap(format!(
        r#""{member}":"{TOKEN}","{member}":"{TOKEN}""#
    )));
    bodies.push(whole[..whole.len() - 1].to_owned());
    bodies.push(format!("{whole}x"));
    bodies.push(whole.replace("3600", "\"soon\""));
    bodies.push(format!(
        r#"{{"message":"{TOKEN}\n","type":"{TOKEN}","statusCode":1}}"#
    ));
    let mut answers: Vec<_> = [200, 302, 401, 500]
        .into_iter()
        .flat_map(|status| bodies.iter().map(move |body| answer(status, body.as_str())))
        .collect();
    // What is no UTF-8, or is cut within a character, is replaced by longer text.
    let mut binary = vec![0xff; 3000];
    binary.extend_from_slice(TOKEN.as_bytes());
    binary.extend_from_slice("\u{20ac}".repeat(1000).as_bytes());
    answers.push(answer(500, binary));
    answers.push(answer(500, format!("{TOKEN}{}", "\u{20ac}".repeat(3000))));
    answers
}

/// Reads each answer, taken or refused, and asks for the key to keep the token by.
fn answers_leave_nothing<A: CachedTokenApi>(
    watch: &Watch,
    api: &A,
    request: &A::Request,
    answers: &[Response<Vec<u8>>],
) {
    let left = watch.left(&secrets(), || api.key(request).unwrap());
    assert_eq!(left, Left::new(), "key");
    reading_leaves_nothing(watch, api, request, answers);
}

fn reading_leaves_nothing<A: TokenApi>(
    watch: &Watch,
    api: &A,
    request: &A::Request,
    answers: &[Response<Vec<u8>>],
) {
    let secrets = secrets();
    let mut taken = 0;
    for response in answers {
        let left = watch.left(&secrets, || {
            let read = api.response(request, response, now());
            taken += usize::from(read.is_ok());
            read.map_err(|error| format!("{error} {error:?}"))
        });
        let (body, _) = response.body().split_at(response.body().len().min(200));
        let body = String::from_utf8_lossy(body);
        assert_eq!(left, Left::new(), "{} {body}", response.status());
    }
    assert!(taken >= 4, "{taken} answers were taken");
}

#[test]
fn nothing_is_left_of_faceki_sardine_and_complycube_but_heads() {
    let watch = Watch::begin();
    let flat = |member: String| {
        format!(r#"{{"responseCode":0,{member},"expires_in":3600,"token_type":"Bearer"}}"#)
    };
    let access_token = answers("access_token", flat);

    let faceki = || Faceki::new(CLIENT, SECRET).unwrap();
    request_leaves(&watch, &["client", "client secret"], || {
        faceki().request(&())
    });
    request_leaves(&watch, &["client", "client secret"], || {
        faceki().with_credentials_in_headers().request(&())
    });
    let inside = |member| format!(r#"{{"responseCode":0,"data":{{{member},"expires_in":3600}}}}"#);
    answers_leave_nothing(&watch, &faceki(), &(), &answers("access_token", inside));

    let base = BaseUrl::parse(sardine::SANDBOX_BASE_URL).unwrap();
    let sardine = || Sardine::new(base.clone(), CLIENT, SECRET).unwrap();
    let session = sardine::TokenRequest::new(TOKEN).unwrap();
    request_leaves(&watch, &["client", "client secret"], || {
        sardine().request(&session)
    });
    answers_leave_nothing(&watch, &sardine(), &session, &access_token);

    let complycube = || ComplyCube::new(API_KEY).unwrap();
    let referrer = MatchPattern::parse("https://example.com/*").unwrap();
    let client = complycube::TokenRequest::new("client", Sdk::Web { referrer }).unwrap();
    request_leaves(&watch, &["API key"], || complycube().request(&client));
    answers_leave_nothing(&watch, &complycube(), &client, &answers("token", flat));
}

#[test]
fn nothing_is_left_of_credentials_that_are_refused() {
    let watch = Watch::begin();
    let base = || BaseUrl::parse(sardine::SANDBOX_BASE_URL).unwrap();
    let broken = format!("{SECRET}\n{SECRET}");
    let colon = format!("{CLIENT}:");
    let long = SECRET.repeat(50);
    let left = watch.left(&secrets(), || {
        Faceki::new(CLIENT, &broken).unwrap_err();
        Faceki::new(CLIENT, &long).unwrap_err();
        Faceki::new(CLIENT, "").unwrap_err();
        ComplyCube::new(&broken).unwrap_err();
        Sardine::new(base(), &colon, SECRET).unwrap_err();
        Sardine::new(base(), CLIENT, &broken).unwrap_err();
        sardine::TokenRequest::new(&long).unwrap_err();
        BankEzy::new(base(), &broken, Version::V2).unwrap_err();
    });
    assert_eq!(left, Left::new());
}

#[test]
fn nothing_is_left_of_bankezy_but_heads() {
    let watch = Watch::begin();
    let looked_for = secrets();
    each_backend(|backend| {
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        let server = Arc::new(BankEzy::new(base, API_KEY, Version::V2).unwrap());
        let channel = Channel::from_secret(&payload_secret(), backend).unwrap();
        let account = AccountNumber::new(ACCOUNT).unwrap();
        let extra = json!({"note": MARKER});
        let typed = || {
            TokenRequest::new("ref", "wire", API_KEY, account)
                .unwrap()
                .with_first_name(MARKER)
                .with_data("note", MARKER)
                .with_extra("more", &extra)
                .unwrap()
        };
        let broken = Token::new(format!("{TOKEN}\n").into(), None);
        let token = token();
        // The API key in the head is shared with the server, which is still there.
        request_leaves(&watch, &[], || server.get_token_request(&typed(), &channel));
        request_leaves(&watch, &[], || {
            server.onboarding_token_request(&typed(), &channel)
        });
        request_leaves(&watch, &["account number", "token"], || {
            server.renew_request(&token, account, &channel)
        });
        request_leaves(&watch, &["token"], || {
            server.invalidate_request("reference", Some(&token), &channel)
        });
        request_leaves(&watch, &["token"], || {
            server.call_request("/path", &extra, &token, &channel)
        });
        let left = watch.left(&looked_for, || {
            server
                .renew_request(&broken, account, &channel)
                .unwrap_err();
            server
                .call_request("/path", &extra, &broken, &channel)
                .unwrap_err();
            server
                .call_request("path", &extra, &token, &channel)
                .unwrap_err();
        });
        assert_eq!(left, Left::new(), "refused on {backend}");

        let user = UserTokenApi::get_token(Arc::clone(&server), channel.clone());
        let user_request = UserTokenRequest::new(&typed()).unwrap();
        request_leaves(&watch, &[], || user.request(&user_request));
        let wrap = |member| format!(r#"{{"resCode":200,"data":{{{member},"expireAt":3600}}}}"#);
        let mut sealed = answers("token", wrap);
        for response in &mut sealed {
            *response.body_mut() = channel.seal(response.body()).unwrap().into();
        }
        answers_leave_nothing(&watch, &user, &user_request, &sealed);
        let renew = RenewApi::new(Arc::clone(&server), channel.clone());
        let renewed = RenewRequest::new(Token::new(TOKEN.to_owned().into(), None), account);
        reading_leaves_nothing(&watch, &renew, &renewed, &sealed);
        let clear = answers("token", wrap);
        let left = watch.left(&looked_for, || {
            for response in clear.iter().chain(&sealed) {
                let _ = read_token(Call::GetToken, response, &channel);
                let _ = read_invalidated(response, &channel);
                let _ = read::<bool, _>(response, &channel);
            }
        });
        assert_eq!(left, Left::new(), "read on {backend}");
    });
}

#[test]
fn nothing_is_left_of_an_exchange_of_keys_but_heads() {
    let watch = Watch::begin();
    each_backend(|backend| {
        let base = BaseUrl::parse("https://api.example.com").unwrap();
        let server = Arc::new(BankEzy::new(base, "of the server", Version::V2).unwrap());
        let credentials = AppCredentials {
            api_key: API_KEY,
            secret: SECRET,
        };
        let ours = Arc::new(key_pair(P256_JWK, backend).unwrap());
        let peer = KeyPair::generate_with_backend(backend).unwrap();
        let wire = peer.public_key().to_wire();
        let wrap =
            |member| format!(r#"{{"resCode":200,{member},"serverPubKey":"{wire}","expiry":3600}}"#);
        let shared = super::bytes_of(
            &ours
                .agree(peer.public_key(), &Derivation::RawSharedSecret)
                .unwrap(),
        );
        let api = || {
            AppTokenApi::new(
                Arc::clone(&server),
                &credentials,
                Derivation::RawSharedSecret,
            )
            .unwrap()
        };
        request_leaves(&watch, &[], || api().request(&ours));
        answers_leave_nothing(&watch, &api(), &ours, &answers("token", wrap));
        let looked_for = numbers(P256_JWK).and("shared secret", &shared);
        let response = answer(200, wrap(format!(r#""token":"{TOKEN}""#)));
        let wrong = answer(200, wrap(r#""token":"t","serverPubKey":"e30""#.to_owned()));
        let left = watch.left(&looked_for, || {
            api().response(&ours, &wrong, now()).unwrap_err();
            let (_, handshake) = server
                .app_token_request(&credentials, Arc::clone(&ours))
                .unwrap();
            handshake
                .finish(&response, &Derivation::RawSharedSecret)
                .unwrap()
        });
        assert_eq!(left, Left::new(), "exchanged on {backend}");
    });
}
