//! One request for a token for all who ask, with every order of tasks that the model checker finds. Run by
//! `.ci/models`.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{BankEzy, TokenAnswer, Version};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::{BaseUrl, Token};
use bankezy_crypto::{PayloadCipher, PayloadSecret, SecretText};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use shuttle::sync::atomic::{AtomicUsize, Ordering};
use shuttle_tokio::{spawn, task::yield_now};
use tower_service::Service;

use crate::sync::check;
use crate::{BankEzyClient, Renewal, Session, SessionKeeper, TokenCache, TokenClient, Transport};

const CALLERS: usize = 3;

/// Counts requests, and answers each with a token of its own.
#[derive(Clone)]
struct Issuer(Arc<AtomicUsize>);

type Answering = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;

impl Service<Request<Full<Bytes>>> for Issuer {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Answering {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            yield_now().await;
            let token = format!(
                r#"{{"responseCode":0,"data":{{"access_token":"{number}","expires_in":3600,"token_type":"Bearer"}}}}"#
            );
            Ok(Response::new(token.into()))
        })
    }
}

/// What each of several callers gets.
async fn all<T: Send + 'static>(ask: impl Fn() -> Asking<T>) -> Vec<T> {
    let callers: Vec<_> = (0..CALLERS).map(|_| spawn(ask())).collect();
    let mut got = Vec::new();
    for caller in callers {
        got.push(caller.await.unwrap());
    }
    got
}

type Asking<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[test]
fn model_callers_of_a_cache_share_one_request() {
    check(|| async {
        let requests = Arc::new(AtomicUsize::new(0));
        let transport = Transport::new(Issuer(Arc::clone(&requests)));
        let api = Faceki::new("client-id", "client-secret").unwrap();
        let cache = TokenCache::new(TokenClient::new(transport, api));
        let tokens = all(|| {
            let cache = cache.clone();
            Box::pin(async move { cache.slot(()).unwrap().get().await.unwrap() })
        })
        .await;
        assert_eq!(requests.load(Ordering::SeqCst), 1);
        assert!(tokens.iter().all(|token| token.as_str() == "0"));
    });
}

/// A keeper whose logins are counted, and give tokens with their numbers.
fn keeper() -> (SessionKeeper, Arc<AtomicUsize>) {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let transport = Transport::new(Issuer(Arc::default()));
    let base = BaseUrl::parse("https://bank.example").unwrap();
    let bank = BankEzy::new(base, "api-key", Version::V2).unwrap();
    let keeper = SessionKeeper::new(BankEzyClient::new(transport, bank), move |_| {
        let number = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            yield_now().await;
            let token = Token::new(SecretText::from(number.to_string()), None);
            let secret = PayloadSecret::from_bytes(&[7; 32]).unwrap();
            let cipher = PayloadCipher::new(&secret).unwrap();
            let answer = TokenAnswer::new(token);
            Ok(Session::new(answer, cipher, Renewal::NewLogin))
        }
    });
    (keeper, logins)
}

#[test]
fn model_callers_of_a_keeper_share_one_login() {
    check(|| async {
        let (keeper, logins) = keeper();
        let sessions = all(|| {
            let keeper = keeper.clone();
            Box::pin(async move { keeper.session().await.unwrap() })
        })
        .await;
        assert_eq!(logins.load(Ordering::SeqCst), 1);
        assert!(sessions.iter().all(|it| it.answer().token.as_str() == "0"));
    });
}

#[test]
fn model_a_session_that_several_refuse_is_replaced_once() {
    check(|| async {
        let (keeper, logins) = keeper();
        let refused = keeper.session().await.unwrap();
        let sessions = all(|| {
            let (keeper, refused) = (keeper.clone(), Arc::clone(&refused));
            Box::pin(async move { keeper.refuse(&refused).await.unwrap() })
        })
        .await;
        assert_eq!(logins.load(Ordering::SeqCst), 2);
        assert!(sessions.iter().all(|it| it.answer().token.as_str() == "1"));
    });
}
