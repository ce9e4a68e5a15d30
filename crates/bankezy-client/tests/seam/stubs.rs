//! Over services that send nothing: what crosses the seam in both directions.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bankezy_client::{
    BankEzyClient, ClientError, ClientErrorKind, Delivery, DeliveryTracker, ProviderError, Renewal,
    Session, SessionKeeper, TokenCache, TokenClient, Transport,
};
use bankezy_crypto::backend::AWS_LC_RS;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, BankEzy, Call, Endpoint, TokenAnswer, TokenRequest, Version,
};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{Channel, Error, PayloadCipher, PayloadSecret};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use tower::{Service, service_fn};

use crate::{Answer, SHORT, Sealed, broken, eager, of_service, ok, post, stub};

const URL: &str = "https://stub.example/call";

/// Counts the requests to a stub.
fn counting<F>(
    answer: impl Fn(Sealed) -> F + Clone + Send + Sync + 'static,
) -> (Arc<AtomicUsize>, Transport)
where
    F: Future<Output = Result<Answer, io::Error>> + Send + 'static,
{
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    let service = stub(move |request| {
        counted.fetch_add(1, Ordering::SeqCst);
        answer(request)
    });
    (count, Transport::new(service).retries(eager()))
}

#[tokio::test]
async fn a_token_client_and_its_cache() {
    let token = r#"{"responseCode":0,"data":{"access_token":"t","expires_in":3600}}"#;
    let (count, transport) = counting(move |request| async move {
        assert_eq!(request.uri().host(), Some("sdk.faceki.com"));
        Ok(ok(token))
    });
    let client = TokenClient::new(transport, Faceki::new("id", "secret").unwrap());
    assert_eq!(client.call(&()).await.unwrap().as_str(), "t");
    let slot = TokenCache::new(client).slot(()).unwrap();
    for _ in 0..3 {
        assert_eq!(slot.get().await.unwrap().as_str(), "t");
    }
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

/// Both sides seal under one key: what was sent would open as if it were the answer.
#[tokio::test]
async fn a_request_that_comes_back_is_no_answer() {
    for end in ["", "\n"] {
        let (count, transport) = counting(move |request| async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok(ok([&body, end.as_bytes()].concat()))
        });
        let api = BankEzy::new(BaseUrl::parse(URL).unwrap(), "key", Version::V2).unwrap();
        let client = BankEzyClient::new(transport, api);
        let secret = PayloadSecret::generate().unwrap();
        let channel = Channel::from_secret(&secret, &AWS_LC_RS).unwrap();
        let token = Token::new("t".to_owned().into(), None);
        let error = client
            .call::<_, serde_json::Value>("/pay", &1, &token, &channel)
            .await
            .unwrap_err();
        assert_eq!(error.code(), "client.reflected");
        assert_eq!(error.delivery(), Delivery::PossiblySent);
        assert!(!error.is_retryable());
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

/// Whatever its headers say.
#[tokio::test]
async fn a_sealed_body_that_comes_back_is_refused_with_any_content_type() {
    let cipher = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    for content_type in ["text/plain; charset=utf-8", "application/jose", ""] {
        let (_, transport) = counting(|request| async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            Ok(ok(body))
        });
        let mut request = post(URL);
        *request.body_mut() = cipher.seal(b"{}").unwrap().into_bytes().into();
        let content_type = content_type.parse().unwrap();
        request.headers_mut().insert("content-type", content_type);
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.code(), "client.reflected");
        // What is not sealed may well come back.
        assert!(transport.send(post(URL)).await.is_ok());
    }
}

/// New certificates or roots: another client is put in the place of the one that a keeper or a cache has.
#[tokio::test]
async fn a_transport_is_replaced_for_all_that_was_made_from_it() {
    let answering = |token: &'static str| {
        let body = format!(
            r#"{{"responseCode":0,"data":{{"access_token":"{token}","expires_in":3600}}}}"#
        );
        counting(move |_| {
            let body = body.clone();
            async move { Ok(ok(body)) }
        })
    };
    let ((old_count, transport), (new_count, new)) = (answering("old"), answering("new"));
    let client = TokenClient::new(transport.clone(), Faceki::new("id", "secret").unwrap());
    let slot = TokenCache::new(client.clone()).slot(()).unwrap();
    assert_eq!(slot.get().await.unwrap().as_str(), "old");
    transport.replace(new);
    assert_eq!(slot.get().await.unwrap().as_str(), "old", "the token stays");
    slot.invalidate().await.unwrap();
    assert_eq!(slot.get().await.unwrap().as_str(), "new");
    assert_eq!(client.call(&()).await.unwrap().as_str(), "new");
    let counts = [old_count, new_count].map(|it| it.load(Ordering::SeqCst));
    assert_eq!(counts, [1, 2]);
}

/// A BankEzy that answers every call, sealed: the first with 503 and `Retry-After`.
fn bank(secret: &PayloadSecret) -> (Arc<Mutex<Vec<Bytes>>>, BankEzyClient, Channel) {
    let cipher = Arc::new(PayloadCipher::new(secret).unwrap());
    let bodies = Arc::<Mutex<Vec<Bytes>>>::default();
    let seen = Arc::clone(&bodies);
    let service = stub(move |request: Sealed| {
        let (cipher, seen) = (Arc::clone(&cipher), Arc::clone(&seen));
        async move {
            let body = request.into_body().collect().await.unwrap().to_bytes();
            cipher.open(&body).unwrap();
            seen.lock().unwrap().push(body);
            if seen.lock().unwrap().len() == 1 {
                let mut busy = ok("");
                *busy.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                busy.headers_mut()
                    .insert("retry-after", "0".parse().unwrap());
                return Ok(busy);
            }
            let answer = br#"{"resCode":200,"token":"t","referenceId":"r"}"#;
            Ok(ok(cipher.seal(answer).unwrap()))
        }
    });
    let base = BaseUrl::parse("https://bank.example/kong").unwrap();
    let server = BankEzy::new(base, "api-key", Version::V2).unwrap();
    let get_token = server.endpoint(Call::GetToken).clone().idempotent();
    let server = server.with_endpoint(Call::GetToken, get_token);
    let client = BankEzyClient::new(Transport::new(service).retries(eager()), server);
    let channel = Channel::from_secret(secret, &AWS_LC_RS).unwrap();
    (bodies, client, channel)
}

#[tokio::test]
async fn a_bankezy_client_seals_each_attempt_anew() {
    let secret = PayloadSecret::generate().unwrap();
    let (bodies, client, channel) = bank(&secret);
    let account = AccountNumber::parse("1234567890").unwrap();
    let request = TokenRequest::new("reference", "sdk-key", "api-key", account).unwrap();
    let answer = client.get_token(&request, &channel).await.unwrap();
    assert_eq!(answer.token.as_str(), "t");
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies.len(), 2);
    assert_ne!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn a_session_keeper() {
    let secret = PayloadSecret::generate().unwrap();
    let (bodies, client, channel) = bank(&secret);
    let keeper = SessionKeeper::new(client, move |_| {
        let channel = channel.clone();
        async move {
            let token = Token::new("t".to_owned().into(), None);
            Ok(Session::new(
                TokenAnswer::new(token),
                channel,
                Renewal::NewLogin,
            ))
        }
    });
    let pay = Endpoint::from("/pay").idempotent();
    let _: serde_json::Value = keeper.call(pay, &1).await.unwrap();
    assert_eq!(bodies.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_service_that_tells_nothing_counts_as_possibly_sent_and_is_called_once() {
    let (count, transport) = counting(|_| async { Err(broken()) });
    let error = transport
        .execute(|| Ok::<_, ClientError>(post(URL)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable()),
        ("client.service", false)
    );
    let error = transport.send(post(URL)).await.unwrap_err();
    let (cause, delivery) = of_service(error);
    assert_eq!(delivery, Delivery::PossiblySent);
    let cause = cause.get().downcast_ref::<io::Error>().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::AddrInUse);
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let never = Transport::new(stub(|_| std::future::pending())).deadline(SHORT);
    let error = never.send(post(URL)).await.unwrap_err();
    let expected = ClientError::new(ClientErrorKind::Timeout, Delivery::PossiblySent);
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_service_that_reports_is_believed_and_called_again() {
    let tracker = |request: &mut Sealed| request.extensions_mut().remove::<DeliveryTracker>();
    let (count, transport) = counting(move |mut request| {
        assert!(tracker(&mut request).unwrap().take());
        async { Err(broken()) }
    });
    let error = transport
        .execute(|| Ok::<_, ClientError>(post(URL)))
        .await
        .unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(count.load(Ordering::SeqCst), 3);

    let (count, transport) = counting(move |mut request| {
        let tracker = tracker(&mut request).unwrap();
        assert!(tracker.take() && tracker.begin());
        async { Err(broken()) }
    });
    let error = transport
        .execute(|| Ok::<_, ClientError>(post(URL)))
        .await
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::PossiblySent);
    assert_eq!(count.load(Ordering::SeqCst), 1);

    // One that comes late is not to begin.
    let late = Arc::<Mutex<Option<DeliveryTracker>>>::default();
    let kept = Arc::clone(&late);
    let slow = stub(move |mut request| {
        *kept.lock().unwrap() = tracker(&mut request);
        std::future::pending()
    });
    let error = Transport::new(slow).deadline(SHORT).send(post(URL)).await;
    assert_eq!(error.unwrap_err().delivery(), Delivery::PossiblySent);
    let late = late.lock().unwrap().take().unwrap();
    assert!(!late.take() && !late.begin());
}

/// Ready after some polls, with an error, or never; and only on the clone that was asked.
struct Readiness {
    after: Result<usize, ()>,
    is_ready: bool,
}

impl Clone for Readiness {
    fn clone(&self) -> Self {
        Self {
            after: self.after,
            is_ready: false,
        }
    }
}

impl Service<Sealed> for Readiness {
    type Response = Answer;
    type Error = io::Error;
    type Future = std::future::Ready<Result<Answer, io::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.after {
            Ok(0) => {
                self.is_ready = true;
                Poll::Ready(Ok(()))
            }
            Ok(left) => {
                *left = left.saturating_sub(1);
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Err(()) => Poll::Ready(Err(broken())),
        }
    }

    fn call(&mut self, _: Sealed) -> Self::Future {
        assert!(self.is_ready, "called before it was ready");
        std::future::ready(Ok(ok("ok")))
    }
}

#[tokio::test]
async fn nothing_is_sent_before_the_service_is_ready() {
    let over = |after| {
        Transport::new(Readiness {
            after,
            is_ready: false,
        })
    };
    for polls in [0, 3] {
        over(Ok(polls)).send(post(URL)).await.unwrap();
    }
    let error = over(Err(())).send(post(URL)).await.unwrap_err();
    assert_eq!(of_service(error).1, Delivery::NotSent);

    let never = over(Ok(usize::MAX)).deadline(SHORT);
    let error = never.send(post(URL)).await.unwrap_err();
    let expected = ClientError::new(ClientErrorKind::Timeout, Delivery::NotSent);
    assert_eq!(error, expected);
}

/// A body in pieces that may break off.
struct Pieces(Vec<Result<Bytes, io::Error>>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.pop().map(|piece| piece.map(Frame::data)))
    }
}

#[tokio::test]
async fn any_body_is_read_up_to_the_cap() {
    let answering = |last_first: fn() -> Vec<Result<Bytes, io::Error>>| {
        let service = service_fn(move |_: Request<Full<Bytes>>| async move {
            Ok::<_, io::Error>(Response::new(Pieces(last_first())))
        });
        Transport::new(service).max_response_len(10)
    };
    let pieces = answering(|| vec![Ok("56789".into()), Ok("".into()), Ok("01234".into())]);
    let response = pieces.send(post(URL)).await.unwrap();
    assert_eq!(response.body().as_bytes(), b"0123456789");

    let long = answering(|| vec![Ok("56789a".into()), Ok("01234".into())]);
    let error = long.send(post(URL)).await.unwrap_err();
    assert!(matches!(
        error.kind(),
        ClientErrorKind::ResponseTooLong { max: 10 }
    ));

    let cut = answering(|| vec![Err(broken()), Ok("01234".into())]);
    let error = cut.send(post(URL)).await.unwrap_err();
    assert_eq!(of_service(error).1, Delivery::PossiblySent);
}

#[tokio::test]
async fn what_a_request_cannot_be_built_from_reaches_no_service() {
    let (count, transport) = counting(|_| async { Ok(ok("")) });
    let failed = transport.execute(|| Err(Error::Randomness.into())).await;
    let error: ProviderError = failed.unwrap_err();
    assert!(matches!(error, ProviderError::Request(_)));
    let server = BaseUrl::parse("https://bank.example").unwrap();
    let server = BankEzy::new(server, "api-key", Version::V2).unwrap();
    let spent = PayloadCipher::new(&PayloadSecret::generate().unwrap()).unwrap();
    let channel = Channel::from(spent.with_nonce_budget(0));
    let client = BankEzyClient::new(transport, server);
    let token = Token::new("t".to_owned().into(), None);
    let called = client
        .call::<_, serde_json::Value>("/pay", &1, &token, &channel)
        .await;
    assert!(matches!(called.unwrap_err(), ProviderError::Request(_)));
    assert_eq!(count.load(Ordering::SeqCst), 0);
}
