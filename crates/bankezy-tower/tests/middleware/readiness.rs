//! Services that have to be polled ready before each call, as `tower` demands.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bankezy_tower::{MiddlewareError, SealedClientLayer, SealedServerLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt};

use super::{each_backend, sealed_post, shared};
use crate::common::cipher;

/// Takes a call only after it was polled ready twice, and a clone starts anew.
struct Reserved {
    polled: u8,
    sealed: Bytes,
}

impl Clone for Reserved {
    fn clone(&self) -> Self {
        Self {
            polled: 0,
            sealed: self.sealed.clone(),
        }
    }
}

impl Service<Request<Full<Bytes>>> for Reserved {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.polled = (self.polled + 1).min(2);
        if self.polled < 2 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        assert_eq!(self.polled, 2, "called without having been ready");
        self.polled = 0;
        ready(Ok(Response::new(Full::new(self.sealed.clone()))))
    }
}

#[test]
fn the_service_that_was_ready_is_the_one_called() {
    each_backend(async |backend| {
        let sealed = Bytes::from(cipher(backend).seal(b"{}").unwrap());
        let reserved = Reserved {
            polled: 0,
            sealed: sealed.clone(),
        };
        let mut server = SealedServerLayer::new(shared(backend)).layer(reserved.clone());
        let mut client = SealedClientLayer::new(shared(backend)).layer(reserved);
        for _ in 0..3 {
            let request = sealed_post(sealed.clone());
            let response = ready_then_call(&mut server, request).await.unwrap();
            assert_eq!(response.status(), 200);
            let request = Request::post("/").body(Full::from("{}")).unwrap();
            let response = ready_then_call(&mut client, request).await.unwrap();
            assert_eq!(response.status(), 200);
        }
    });
}

/// What callers have to do, on one and the same service.
async fn ready_then_call<S: Service<Request<Full<Bytes>>>>(
    service: &mut S,
    request: Request<Full<Bytes>>,
) -> Result<S::Response, S::Error> {
    service.ready().await?.call(request).await
}

/// Fails where it is asked whether it is ready.
#[derive(Clone, Debug)]
struct Closed;

impl Service<Request<Full<Bytes>>> for Closed {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Err("closed"))
    }

    fn call(&mut self, _: Request<Full<Bytes>>) -> Self::Future {
        unreachable!("it was never ready")
    }
}

#[test]
fn a_service_that_is_never_ready_says_so_through_the_layers() {
    each_backend(async |backend| {
        // The server layer asks once it has opened the request.
        let mut server = SealedServerLayer::new(shared(backend)).layer(Closed);
        let request = sealed_post(cipher(backend).seal(b"{}").unwrap());
        let answer = ready_then_call(&mut server, request).await;
        assert_eq!(answer.unwrap_err(), "closed");
        let mut client = SealedClientLayer::new(shared(backend)).layer(Closed);
        let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut client).await;
        assert!(matches!(ready, Err(MiddlewareError::Service("closed"))));
    });
}
