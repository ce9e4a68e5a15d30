//! What a caller says of one call: whether it may be repeated, its headers, and whether an empty answer is one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bankezy_client::{
    Advice, BankEzyClient, ClientError, ConnectProblem, Delivery, DeliveryTracker, ProviderError,
    TokenClient, Transport,
};
use bankezy_crypto::backend::AWS_LC_RS;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, BankEzy, Call, Endpoint, OnboardingApi, TokenRequest, UserTokenApi,
    UserTokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, CallOptions, Token};
use bankezy_crypto::{Channel, PayloadCipher, PayloadSecret};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::service_fn;

use crate::{Sealed, eager, ok, stub};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A bank that answers with these statuses in turn, the last one for ever, and what it was asked.
struct Bank {
    transport: Transport,
    asked: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
    channel: Channel,
    secret: PayloadSecret,
}

impl Bank {
    fn answering(statuses: &'static [u16]) -> Self {
        let secret = PayloadSecret::generate().unwrap();
        let cipher = Arc::new(PayloadCipher::new(&secret).unwrap());
        let asked = Arc::<Mutex<Vec<(HeaderMap, Value)>>>::default();
        let seen = Arc::clone(&asked);
        let service = stub(move |request: Sealed| {
            let (cipher, seen) = (Arc::clone(&cipher), Arc::clone(&seen));
            async move {
                let (parts, body) = request.into_parts();
                let body = cipher.open(body.collect().await.unwrap().to_bytes());
                let mut seen = seen.lock().unwrap();
                seen.push((parts.headers, body.unwrap().json().unwrap()));
                let status = statuses[(seen.len() - 1).min(statuses.len() - 1)];
                let body = match status {
                    200 => cipher.seal(br#"{"resCode":200,"token":"t"}"#).unwrap(),
                    _ => String::new(),
                };
                let mut answer: Response<_> = ok(body);
                *answer.status_mut() = StatusCode::from_u16(status).unwrap();
                let headers = answer.headers_mut();
                headers.insert("retry-after", HeaderValue::from_static("0"));
                headers.insert(REQUEST_ID, seen.len().into());
                headers.insert("set-cookie", HeaderValue::from_static("a=b"));
                Ok(answer)
            }
        });
        Self {
            transport: Transport::new(service).retries(eager()),
            asked,
            channel: Channel::from_secret(&secret, &AWS_LC_RS).unwrap(),
            secret,
        }
    }

    async fn pay(&self, endpoint: &Endpoint) -> Result<Option<Value>, ProviderError> {
        let client = BankEzyClient::new(self.transport.clone(), server());
        let token = Token::new("t".to_owned().into(), None);
        let body = json!({"referenceId": "payment-1"});
        let (answer, headers) = client
            .call_with_headers(endpoint, &body, &token, &self.channel)
            .await?;
        let last = self.asked.lock().unwrap().len().to_string();
        assert_eq!(headers.get("x-request-id"), Some(last.as_str()));
        assert_eq!(headers.get("set-cookie"), None);
        Ok(answer)
    }

    fn references(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let reference = |body: &Value| body["referenceId"].as_str().unwrap().to_owned();
        asked.iter().map(|(_, body)| reference(body)).collect()
    }
}

fn server() -> BankEzy {
    let base = BaseUrl::parse("https://bank.example").unwrap();
    BankEzy::new(base, "api-key", Version::V2).unwrap()
}

#[tokio::test]
async fn a_payment_is_sent_once_unless_its_call_may_be_repeated_and_keeps_its_reference() {
    let bank = Bank::answering(&[503, 200]);
    let error = bank.pay(&"/pay".into()).await.unwrap_err();
    assert_eq!(error.code(), "reply.plain");
    assert_eq!(bank.references(), ["payment-1"]);
    let headers = error.server_headers().unwrap();
    assert_eq!(headers.get("x-request-id"), Some("1"));

    let bank = Bank::answering(&[503, 200]);
    let pay = Endpoint::from("/pay").idempotent();
    bank.pay(&pay).await.unwrap();
    assert_eq!(bank.references(), ["payment-1", "payment-1"]);
}

#[tokio::test]
async fn each_attempt_for_a_token_has_a_reference_of_its_own() {
    let account = AccountNumber::parse("1234567890").unwrap();
    let request = TokenRequest::new("first", "sdk-key", "api-key", account).unwrap();
    for call in [Call::GetToken, Call::OnboardingToken] {
        // An onboarding that is repeated is the same one.
        let keeps_it = call == Call::OnboardingToken;
        let bank = Bank::answering(&[503, 503, 200]);
        let marked = server().endpoint(call).clone().idempotent();
        let server = server().with_endpoint(call, marked);
        let client = BankEzyClient::new(bank.transport.clone(), server);
        match call {
            Call::GetToken => client.get_token(&request, &bank.channel).await,
            _ => client.onboarding_token(&request, &bank.channel).await,
        }
        .unwrap();
        let references = bank.references();
        assert_eq!((references.len(), references[0].as_str()), (3, "first"));
        if keeps_it {
            assert_eq!(references[1..], ["first", "first"]);
            continue;
        }
        assert_ne!(references[1], references[2]);
        assert_eq!((references[1].len(), &references[1][14..15]), (36, "4"));
    }

    let bank = Bank::answering(&[503, 200]);
    let api = UserTokenApi::get_token(server(), bank.channel.clone());
    let request = UserTokenRequest::new(&request).unwrap();
    let tokens =
        TokenClient::new(bank.transport.clone(), api).with_options(CallOptions::new().idempotent());
    tokens.call(&request).await.unwrap();
    tokens.call(&request).await.unwrap();
    let mut references = bank.references();
    assert!(!references.contains(&"first".to_owned()));
    references.sort_unstable();
    references.dedup();
    assert_eq!(references.len(), 3);
    let (_, body) = &bank.asked.lock().unwrap()[0];
    assert_eq!(body["sdkApiKey"], "api-key");
}

/// The server can tell a repeat from another onboarding only by its reference.
#[tokio::test]
async fn an_onboarding_is_sent_once_unless_it_is_idempotent_and_keeps_its_reference() {
    let account = AccountNumber::parse("1234567890").unwrap();
    let reference = r#"a "quoted" one"#;
    let request = TokenRequest::new(reference, "sdk-key", "api-key", account).unwrap();
    let request = UserTokenRequest::new(&request).unwrap();
    for (options, sent) in [
        (CallOptions::new(), 1),
        (CallOptions::new().idempotent(), 2),
    ] {
        let bank = Bank::answering(&[503, 200]);
        let api = OnboardingApi::new(server(), bank.channel.clone());
        let tokens = TokenClient::new(bank.transport.clone(), api).with_options(options);
        assert_eq!(tokens.call(&request).await.is_ok(), sent == 2);
        assert_eq!(bank.references(), vec![reference; sent]);
    }
}

/// What was sent once stays possibly sent, however its repeat fails.
#[tokio::test]
async fn after_a_repeat_the_error_says_that_the_call_was_possibly_sent() {
    // The repeat cannot be sealed.
    let mut bank = Bank::answering(&[503]);
    let pay = Endpoint::from("/pay").idempotent();
    let limited = PayloadCipher::new(&bank.secret).unwrap();
    bank.channel = limited.with_nonce_budget(1).into();
    let error = bank.pay(&pay).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::PossiblySent, "{error}");
    assert_eq!(error.advice(), Advice::AskByReference);
    assert!(!error.to_string().contains("nothing was sent"));
    assert_eq!(bank.references().len(), 1);

    // The repeat does not reach the server.
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    let transport = Transport::new(service_fn(move |mut request: Sealed| {
        // As a client does: taken, and not begun.
        let tracker = request.extensions_mut().remove::<DeliveryTracker>();
        assert!(tracker.unwrap().take());
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            if number > 0 {
                return Err(ClientError::from(ConnectProblem::Refused));
            }
            let busy = Response::builder().status(503).header("retry-after", "0");
            Ok(busy.body(Full::<Bytes>::default()).unwrap())
        }
    }));
    bank.transport = transport.retries(eager());
    bank.channel = Channel::from_secret(&bank.secret, &AWS_LC_RS).unwrap();
    let error = bank.pay(&pay).await.unwrap_err();
    assert_eq!(error.code(), "connect.refused");
    assert_eq!(error.delivery(), Delivery::PossiblySent, "{error}");
    assert_eq!(error.advice(), Advice::AskByReference);
    assert!(!error.to_string().contains("nothing was sent"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 3, "it is idempotent");
}

#[tokio::test]
async fn headers_of_the_caller_arrive_and_none_of_the_call_is_among_them() {
    let bank = Bank::answering(&[200]);
    let value = HeaderValue::from_static;
    let pay = Endpoint::from("/pay")
        .header(HeaderName::from_static("traceparent"), value("first"))
        .header(HeaderName::from_static("traceparent"), value("last"));
    assert!(!format!("{pay:?}").contains("last"));
    bank.pay(&pay).await.unwrap();
    for of_the_call in [
        "x-api-key",
        "x-api-token",
        "content-type",
        "content-length",
        "transfer-encoding",
    ] {
        let name = HeaderName::from_static(of_the_call);
        let pay = Endpoint::from("/pay").header(name, value("another"));
        let error = bank.pay(&pay).await.unwrap_err();
        assert_eq!(error.code(), "field.duplicate", "{of_the_call}");
        assert_eq!(error.delivery(), Delivery::NotSent);
        assert!(!error.to_string().contains("another"));
    }
    let asked = bank.asked.lock().unwrap();
    assert_eq!(asked.len(), 1);
    let (headers, _) = &asked[0];
    for (name, value) in [
        ("traceparent", "last"),
        ("x-api-key", "api-key"),
        ("x-api-token", "t"),
        ("content-type", "text/plain"),
    ] {
        let values: Vec<_> = headers.get_all(name).iter().collect();
        assert_eq!(values, [value], "{name}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_one_where_the_call_allows_it() {
    for status in [&[204], &[202]] {
        let bank = Bank::answering(status);
        let error = bank.pay(&"/pay".into()).await.unwrap_err();
        assert_eq!(error.code(), "reply.empty");
        let allowed = Endpoint::from("/pay").allow_empty();
        assert_eq!(bank.pay(&allowed).await.unwrap(), None);
    }
    let bank = Bank::answering(&[500]);
    let refused = bank.pay(&Endpoint::from("/pay").allow_empty()).await;
    assert_eq!(refused.unwrap_err().code(), "reply.plain");
}

#[tokio::test]
async fn which_headers_of_an_answer_are_kept_is_a_setting() {
    let mut bank = Bank::answering(&[503]);
    bank.transport = bank.transport.kept_headers([http::header::SET_COOKIE]);
    let error = bank.pay(&"/pay".into()).await.unwrap_err();
    let headers = error.server_headers().unwrap();
    assert_eq!(headers.get("set-cookie"), Some("a=b"));
    assert_eq!(headers.get("x-request-id"), None);
}

/// A `traceparent` of each call, those of the token service too.
#[tokio::test]
async fn a_client_for_one_call_adds_headers_to_every_call() {
    let bank = Bank::answering(&[500]);
    let client = BankEzyClient::new(bank.transport.clone(), server());
    let (token, channel) = (Token::new("t".to_owned().into(), None), &bank.channel);
    for number in 0..3 {
        let name = HeaderName::from_static("traceparent");
        let options = CallOptions::new().header(name, HeaderValue::from(number));
        let client = client.clone().with_options(options);
        let _ = match number {
            0 => client.renew(&token, None, channel).await.map(drop),
            1 => client
                .invalidate("r", Some(&token), channel)
                .await
                .map(drop),
            _ => client
                .call("/a", &1, &token, channel)
                .await
                .map(|_: Value| ()),
        };
    }
    let asked = bank.asked.lock().unwrap();
    let seen: Vec<_> = asked
        .iter()
        .map(|(it, _)| it["traceparent"].clone())
        .collect();
    assert_eq!(seen, [0, 1, 2].map(HeaderValue::from));
}

/// What a dispute about a token needs, also where a keeper or a cache holds it.
#[tokio::test]
async fn a_token_has_the_headers_of_the_answer_that_it_came_with() {
    let bank = Bank::answering(&[200]);
    let client = BankEzyClient::new(bank.transport.clone(), server());
    let account = AccountNumber::parse("1234567890").unwrap();
    let request = TokenRequest::new("r", "sdk-key", "api-key", account).unwrap();
    let (held, channel) = (Token::new("t".to_owned().into(), None), &bank.channel);
    let api = UserTokenApi::get_token(server(), PayloadCipher::new(&bank.secret).unwrap());
    let tokens = TokenClient::new(bank.transport.clone(), api);
    let asked = UserTokenRequest::new(&request).unwrap();
    for (number, answer) in [
        client.get_token(&request, channel).await,
        client.onboarding_token(&request, channel).await,
        client.renew(&held, None, channel).await,
        tokens.call(&asked).await,
    ]
    .into_iter()
    .enumerate()
    {
        let token = answer.unwrap().token;
        let headers = token.server_headers().unwrap();
        let expected = (number + 1).to_string();
        assert_eq!(headers.get("x-request-id"), Some(expected.as_str()));
        assert_eq!(headers.get("set-cookie"), None);
    }
    assert!(held.server_headers().is_none());
}
