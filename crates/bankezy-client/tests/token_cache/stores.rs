//! Stores of the caller's own: sealed texts, and stores that fail.

use std::collections::HashMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bankezy_client::{MemoryStore, RefreshSettings, StoreError, TokenCache, TokenSlot, TokenStore};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::Sardine;
use bankezy_crypto::providers::{
    CachedTokenApi as _, Lifetime, Moment, SealedStorage, Token, TokenEntry, TokenKey,
};
use bankezy_crypto::{ErrorCategory, PayloadCipher, PayloadSecret};
use bankezy_test_support::{eventually, in_time, pass};
use tokio::sync::Notify;

use crate::stage::{Clock, DUE, LIFETIME, Provider, faceki, gives, sardine, session, text, tokens};

/// What lies outside of the process: sealed texts by digests.
type Remote = Arc<Mutex<HashMap<[u8; 32], String>>>;

struct Sealed {
    remote: Remote,
    cipher: PayloadCipher,
}

impl<T: SealedStorage + AsRef<Token> + Send + Sync + 'static> TokenStore<T> for Sealed {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        let sealed = self.remote.lock().unwrap().get(key.as_bytes()).cloned();
        Ok(match sealed {
            Some(sealed) => Some(TokenEntry::open(sealed, key, &self.cipher)?),
            None => None,
        })
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<T>) -> Result<(), StoreError> {
        let sealed = entry.seal(key, &self.cipher)?;
        self.remote.lock().unwrap().insert(*key.as_bytes(), sealed);
        Ok(())
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<T>) -> Result<(), StoreError> {
        let mut remote = self.remote.lock().unwrap();
        if let Some(sealed) = remote.get(key.as_bytes())
            && TokenEntry::<T>::open(sealed, key, &self.cipher)?.tag(key)? == held.tag(key)?
        {
            remote.remove(key.as_bytes());
        }
        Ok(())
    }
}

/// A process with a cache in the remote store.
fn process(
    provider: &Provider,
    remote: &Remote,
    secret: &PayloadSecret,
    clock: &Clock,
) -> TokenCache<Sardine, Sealed> {
    let store = Sealed {
        remote: Arc::clone(remote),
        cipher: PayloadCipher::new(secret).unwrap(),
    };
    let settings = RefreshSettings::default().clock(clock.time());
    TokenCache::with_settings(tokens(sardine(provider)), store, settings)
}

fn slot(cache: &TokenCache<Sardine, Sealed>, key: &str) -> TokenSlot<Sardine, Sealed> {
    cache.slot(session(key)).unwrap()
}

#[tokio::test]
async fn processes_share_tokens_that_only_they_can_read() {
    let (provider, remote, clock) = (Provider::start(), Remote::default(), Clock::default());
    let secret = PayloadSecret::generate().unwrap();
    let [one, other] = [(); 2].map(|()| slot(&process(&provider, &remote, &secret, &clock), "s"));
    assert_eq!(text(&one).await, "token-0");
    let answer = other.get().await.unwrap();
    assert_eq!(answer.token.as_str(), "token-0");
    assert_eq!(answer.token.token_type(), Some("Bearer"));
    assert_eq!(provider.asked(), 1);
    for sealed in remote.lock().unwrap().values() {
        assert!(sealed.starts_with("eyJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiZGlyIn0.."));
        assert!(!sealed.contains("token"), "{sealed}");
    }

    // What one obtained is due and expires for the other as well.
    clock.pass(DUE - 1);
    assert_eq!(text(&other).await, "token-0");
    assert_eq!(provider.asked(), 1);
    clock.pass(1);
    assert_eq!(text(&other).await, "token-0");
    provider.is_asked(2).await;
    gives(&other, "token-1").await;
    assert_eq!(text(&one).await, "token-1");
    assert_eq!(provider.asked(), 2);
    clock.pass(LIFETIME);
    assert_eq!(text(&one).await, "token-2");
    other.refuse(&one.get().await.unwrap().token).await.unwrap();
    assert_eq!(text(&one).await, "token-3");
}

#[tokio::test]
async fn what_does_not_open_as_what_is_asked_for_counts_as_nothing() {
    let (provider, remote, clock) = (Provider::start(), Remote::default(), Clock::default());
    let secret = PayloadSecret::generate().unwrap();
    let cache = process(&provider, &remote, &secret, &clock);
    let [a, b] = ["a", "b"].map(|key| slot(&cache, key));
    assert_eq!(text(&a).await, "token-0");
    assert_eq!(text(&b).await, "token-1");

    // Each in the other's place.
    {
        let mut remote = remote.lock().unwrap();
        let mut texts: Vec<&mut String> = remote.values_mut().collect();
        let [one, other] = &mut texts[..] else {
            panic!("two entries");
        };
        std::mem::swap(*one, *other);
    }
    assert_eq!(text(&a).await, "token-2");
    assert_eq!(text(&b).await, "token-3");
    assert_eq!(text(&a).await, "token-2");

    // Under another key.
    let other = PayloadSecret::generate().unwrap();
    let stranger = slot(&process(&provider, &remote, &other, &clock), "a");
    assert_eq!(text(&stranger).await, "token-4");

    // Changed, cut, or something else that was sealed.
    let cipher = PayloadCipher::new(&secret).unwrap();
    let sealed: [fn(&str, &PayloadCipher) -> String; 5] = [
        |text, _| text.replace('.', ","),
        |text, _| text[..text.len() - 1].to_owned(),
        |_, _| "token".to_owned(),
        |_, cipher| cipher.seal(b"no JSON").unwrap(),
        |_, cipher| cipher.seal(br#"{"token":"forged"}"#).unwrap(),
    ];
    for (spoil, number) in sealed.into_iter().zip(5..) {
        for text in remote.lock().unwrap().values_mut() {
            *text = spoil(text, &cipher);
        }
        assert_eq!(text(&b).await, format!("token-{number}"));
    }
    assert_eq!(provider.asked(), 10);
}

/// The default store, whose first look is told late.
#[derive(Default)]
struct Late {
    store: MemoryStore<Token>,
    looks: AtomicU64,
    told: Notify,
}

impl TokenStore<Token> for Late {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<Token>>, StoreError> {
        let found = self.store.load(key).await;
        if self.looks.fetch_add(1, Ordering::SeqCst) == 0 {
            self.told.notified().await;
        }
        found
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<Token>) -> Result<(), StoreError> {
        self.store.save(key, entry).await
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<Token>) -> Result<(), StoreError> {
        self.store.remove(key, held).await
    }
}

#[tokio::test]
async fn a_caller_whose_look_is_overtaken_makes_no_request() {
    let (provider, store) = (Provider::start(), Arc::new(Late::default()));
    let cache = TokenCache::with_settings(
        tokens(faceki(&provider)),
        Arc::clone(&store),
        RefreshSettings::default(),
    );
    let slot = cache.slot(()).unwrap();
    let late = tokio::spawn({
        let slot = slot.clone();
        async move { text(&slot).await }
    });
    eventually("the look", || store.looks.load(Ordering::SeqCst) == 1).await;
    assert_eq!(text(&slot).await, "token-0");
    // What it found is nothing, which is not so any more.
    store.told.notify_one();
    assert_eq!(late.await.unwrap(), "token-0");
    assert_eq!(provider.asked(), 1);
}

/// A store that never answers.
struct Hanging;

impl<T: Send + Sync + 'static> TokenStore<T> for Hanging {
    async fn load(&self, _: &TokenKey) -> Result<Option<TokenEntry<T>>, StoreError> {
        pending().await
    }

    async fn save(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        pending().await
    }

    async fn remove(&self, _: &TokenKey, _: &TokenEntry<T>) -> Result<(), StoreError> {
        pending().await
    }
}

/// A store that fails until it is told otherwise, and counts how often it is asked.
#[derive(Default)]
struct Failing {
    store: MemoryStore<Token>,
    works: AtomicBool,
    asked: AtomicU64,
}

impl Failing {
    fn ask(&self) -> Result<(), StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.works.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(StoreError::unavailable("CANARY")),
        }
    }
}

impl TokenStore<Token> for Failing {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<Token>>, StoreError> {
        self.ask()?;
        self.store.load(key).await
    }

    async fn save(&self, key: &TokenKey, entry: &TokenEntry<Token>) -> Result<(), StoreError> {
        self.ask()?;
        self.store.save(key, entry).await
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<Token>) -> Result<(), StoreError> {
        self.ask()?;
        self.store.remove(key, held).await
    }
}

#[tokio::test]
async fn memory_serves_while_a_store_that_failed_is_left_alone() {
    let (provider, store) = (Provider::start(), Arc::new(Failing::default()));
    let cache = TokenCache::with_settings(
        tokens(faceki(&provider)),
        Arc::clone(&store),
        RefreshSettings::default(),
    );
    let slot = cache.slot(()).unwrap();
    for _ in 0..100 {
        assert_eq!(text(&slot).await, "token-0");
    }
    assert_eq!(store.asked.load(Ordering::SeqCst), 1);
    pass(Duration::from_secs(5)).await;
    // It is dropped in memory all the same.
    let error = slot.invalidate().await.unwrap_err();
    assert_eq!(error.code(), "token_store.unavailable");
    assert_eq!(error.category(), ErrorCategory::Transport);
    assert_eq!(store.asked.load(Ordering::SeqCst), 2);
    pass(Duration::from_secs(5)).await;
    let error = slot.invalidate().await.unwrap_err();
    assert_eq!(error.code(), "token_store.unavailable", "memory is empty");
    assert_eq!(text(&slot).await, "token-1");
    let token = slot.get().await.unwrap();
    slot.refuse(&token).await.unwrap_err();
    assert_eq!(text(&slot).await, "token-2");

    store.works.store(true, Ordering::SeqCst);
    pass(Duration::from_secs(5)).await;
    assert_eq!(text(&slot).await, "token-2");
    slot.invalidate().await.unwrap();
    assert_eq!(text(&slot).await, "token-3");
    assert_eq!(store.store.len(), 1);
}

/// A server that refuses every token gets few requests, whatever the store does.
#[tokio::test]
async fn a_store_that_fails_does_not_make_refusals_lead_to_more_requests() {
    let (provider, store) = (Provider::start(), Arc::new(Failing::default()));
    let settings = RefreshSettings::default();
    let cache = TokenCache::with_settings(tokens(faceki(&provider)), store, settings);
    let slot = cache.slot(()).unwrap();
    for asked in [2, 3] {
        for _ in 0..50 {
            let token = slot.get().await.unwrap();
            let _ = slot.refuse(&token).await;
        }
        slot.get().await.unwrap();
        assert_eq!(provider.asked(), asked);
        pass(Duration::from_secs(10)).await;
    }
}

/// A store that still reads does not bring back what a newer token has replaced.
#[tokio::test]
async fn what_a_store_does_not_take_goes_before_what_it_holds() {
    let (provider, store) = (Provider::start(), Arc::new(ReadOnly::default()));
    let cache = TokenCache::with_settings(
        tokens(faceki(&provider)),
        Arc::clone(&store),
        RefreshSettings::default(),
    );
    let key = Faceki::new("id", "secret").unwrap();
    let key = key.with_base_url(provider.base()).key(&()).unwrap();
    let now = Moment {
        time_of_day: SystemTime::now(),
        monotonic: Instant::now(),
    };
    // It is due.
    let lifetime = Lifetime::new(now, now.time_of_day + Duration::from_secs(1), None);
    let old = Token::new("old".to_owned().into(), None);
    let old = TokenEntry::new(old, lifetime);
    store.0.save(&key, &old).await.unwrap();
    let slot = cache.slot(()).unwrap();
    gives(&slot, "token-0").await;
    pass(Duration::from_secs(5)).await;
    for _ in 0..10 {
        assert_eq!(text(&slot).await, "token-0");
    }
    assert_eq!(provider.asked(), 1);
}

/// Reads, but does not save.
#[derive(Default)]
struct ReadOnly(MemoryStore<Token>);

impl TokenStore<Token> for ReadOnly {
    async fn load(&self, key: &TokenKey) -> Result<Option<TokenEntry<Token>>, StoreError> {
        self.0.load(key).await
    }

    async fn save(&self, _: &TokenKey, _: &TokenEntry<Token>) -> Result<(), StoreError> {
        Err(StoreError::unavailable("CANARY"))
    }

    async fn remove(&self, key: &TokenKey, held: &TokenEntry<Token>) -> Result<(), StoreError> {
        self.0.remove(key, held).await
    }
}

/// Every store compares and removes in one step: what was saved between the look and the removal stays.
#[tokio::test]
async fn a_removal_does_not_touch_a_successor() {
    let secret = PayloadSecret::generate().unwrap();
    let sealed = Sealed {
        remote: Remote::default(),
        cipher: PayloadCipher::new(&secret).unwrap(),
    };
    successor_stays(MemoryStore::default()).await;
    successor_stays(Arc::new(MemoryStore::default())).await;
    successor_stays(sealed).await;
}

async fn successor_stays(store: impl TokenStore<Token>) {
    let key = Faceki::new("id", "secret").unwrap().key(&()).unwrap();
    let now = Moment {
        time_of_day: SystemTime::now(),
        monotonic: Instant::now(),
    };
    let lifetime = Lifetime::new(now, now.time_of_day + Duration::from_secs(60), None);
    let entry = |text: &str| {
        let token = Token::new(text.to_owned().into(), None);
        TokenEntry::new(token, lifetime)
    };
    store.save(&key, &entry("first")).await.unwrap();
    let held = store.load(&key).await.unwrap().unwrap();
    store.save(&key, &entry("second")).await.unwrap();
    store.remove(&key, &held).await.unwrap();
    let kept = store.load(&key).await.unwrap().unwrap();
    assert_eq!(kept.answer().as_str(), "second");
    store.remove(&key, &kept).await.unwrap();
    assert!(store.load(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_that_hangs_holds_nobody_up_for_long() {
    let provider = Provider::start();
    let cache = TokenCache::with_settings(
        tokens(faceki(&provider)),
        Hanging,
        RefreshSettings::default(),
    );
    let slot = cache.slot(()).unwrap();
    let started = Instant::now();
    assert_eq!(in_time("a token", text(&slot)).await, "token-0");
    // Looked for twice and saved once, for a second each.
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    let error = in_time("an end", slot.invalidate()).await.unwrap_err();
    assert_eq!(error.code(), "token_store.resting");
}

struct Patient;

impl TokenStore<Token> for Patient {
    async fn load(&self, _: &TokenKey) -> Result<Option<TokenEntry<Token>>, StoreError> {
        Ok(None)
    }

    async fn save(&self, _: &TokenKey, _: &TokenEntry<Token>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn remove(&self, _: &TokenKey, _: &TokenEntry<Token>) -> Result<(), StoreError> {
        Ok(())
    }

    fn deadline(&self) -> Duration {
        Duration::MAX
    }
}

#[tokio::test]
async fn a_store_may_take_any_time() {
    let provider = Provider::start();
    let settings = RefreshSettings::default();
    let cache = TokenCache::with_settings(tokens(faceki(&provider)), Patient, settings);
    let slot = cache.slot(()).unwrap();
    assert_eq!(slot.get().await.unwrap().as_str(), "token-0");
}
