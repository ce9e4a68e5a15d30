//! What a mark is made of.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bankezy_crypto::Channel;
use bankezy_crypto::backend::AVAILABLE;
use bankezy_tower::{
    FoundKeys, KeyLookup, LookedUpKeys, Mark, Recorded, ReplayGuard, ReplayStore,
    SealedServerLayer, Unavailable, only_header,
};
use http::request::Parts;

use super::{Clock, HOUR, SECOND, Server};
use crate::common::shown;
use crate::{sealed_post, shared, with_another_key};

/// Every identifier has the same keys, whose identifier is what follows the dash.
struct SameKeys(Channel);

impl KeyLookup for SameKeys {
    type Principal = ();

    fn identifier<'r>(&self, request: &'r Parts) -> Option<&'r str> {
        only_header(request, "x-api-key")
    }

    async fn find(&self, identifier: &str) -> Result<Option<FoundKeys<()>>, Unavailable> {
        let (_, key_id) = identifier.split_once('-').unwrap();
        Ok(Some(FoundKeys::new(key_id, self.0.clone(), ())))
    }
}

#[tokio::test]
async fn messages_are_told_apart_by_their_key() {
    let key = shared(&AVAILABLE[0]);
    let keys = SameKeys(Channel::from(Arc::clone(&key)));
    let keys = LookedUpKeys::with_decoy(keys, with_another_key(&AVAILABLE[0]));
    let guard = ReplayGuard::without_freshness(HOUR);
    let server = Server {
        layer: SealedServerLayer::from_lookup(keys).with_replay_guard(guard),
        key,
        handled: Arc::default(),
    };
    let sealed = server.key.seal(b"{}").unwrap();
    for (identifier, status) in [
        ("session1-a", 200),
        // Another session of the same key is no way around.
        ("session2-a", 409),
        // And nobody can use up another's messages.
        ("session1-b", 200),
        ("session1-b", 409),
    ] {
        let mut request = sealed_post(sealed.clone());
        let value = identifier.parse().unwrap();
        request.headers_mut().insert("x-api-key", value);
        assert_eq!(
            server.answer(request).await.status(),
            status,
            "{identifier}"
        );
    }
}

/// One guard for a route with fixed keys and one that looks the same keys up.
#[tokio::test]
async fn keys_of_one_name_are_the_same_wherever_they_come_from() {
    let key = shared(&AVAILABLE[0]);
    let guard = ReplayGuard::without_freshness(HOUR);
    let channel = || Channel::from(Arc::clone(&key));
    let keys = LookedUpKeys::with_decoy(SameKeys(channel()), with_another_key(&AVAILABLE[0]));
    let fixed = |key_id: &str| SealedServerLayer::new_with_key_id(key_id, channel());
    let [looked_up, same, other] = [SealedServerLayer::from_lookup(keys), fixed("a"), fixed("b")]
        .map(|layer| Server {
            layer: layer.with_replay_guard(guard.clone()),
            key: Arc::clone(&key),
            handled: Arc::default(),
        });
    let sealed = key.seal(b"{}").unwrap();
    for (server, status) in [
        (&looked_up, 200),
        (&same, 409),
        // Somebody with other keys can make a message of the same nonce and tag.
        (&other, 200),
        (&looked_up, 409),
    ] {
        let mut request = sealed_post(sealed.clone());
        let value = "session-a".parse().unwrap();
        request.headers_mut().insert("x-api-key", value);
        assert_eq!(server.answer(request).await.status(), status);
    }
}

/// Keeps the marks that it is given.
#[derive(Default)]
struct Keeping(Mutex<Vec<Mark>>);

impl ReplayStore for Keeping {
    async fn record(&self, mark: &Mark) -> Result<Recorded, Unavailable> {
        self.0.lock().unwrap().push(mark.clone());
        Ok(Recorded::New)
    }
}

#[tokio::test]
async fn a_mark_is_key_nonce_and_tag_and_shows_nothing() {
    let clock = Clock::new();
    let store = Arc::new(Keeping::default());
    let guard = ReplayGuard::new(clock.rule()).with_store(Arc::clone(&store));
    let server = Server::new(guard);
    let request = server.stamped(clock.now() - 60 * SECOND);
    let answer = server.send(request.clone()).await.body;
    let answer = String::from_utf8(answer.to_vec()).unwrap();
    let marks = store.0.lock().unwrap();
    assert_eq!(marks.len(), 2);
    for (mark, sealed, is_answer) in [(&marks[0], request, false), (&marks[1], answer, true)] {
        let parts: Vec<&str> = sealed.split('.').collect();
        assert_eq!(mark.as_str(), format!(".{}.{}", parts[2], parts[4]));
        assert_eq!(mark.is_answer(), is_answer);
        // 5 minutes, three times 30 s, and the deadline of the store.
        assert_eq!(mark.keep_for(), 391 * SECOND);
        for part in [parts[2], parts[4]] {
            assert!(!shown(mark).contains(part));
        }
    }
}

/// A store may refuse to keep something for no time, or drop a part of a millisecond.
#[tokio::test]
async fn marks_are_kept_for_whole_milliseconds() {
    let nano = Duration::from_nanos(1);
    for (window, millis) in [
        (Duration::ZERO, 1),
        (nano, 1),
        (Duration::from_millis(1), 1),
        (Duration::from_millis(1) + nano, 2),
        (SECOND - nano, 1000),
        (SECOND, 1000),
    ] {
        let store = Arc::new(Keeping::default());
        let guard = ReplayGuard::without_freshness(window).with_store(Arc::clone(&store));
        let server = Server::new(guard.with_store_deadline(Duration::ZERO));
        assert_eq!(
            server.send(server.key.seal(b"{}").unwrap()).await.status,
            200
        );
        for mark in store.0.lock().unwrap().iter() {
            assert_eq!(mark.keep_for(), Duration::from_millis(millis), "{window:?}");
        }
    }
}
