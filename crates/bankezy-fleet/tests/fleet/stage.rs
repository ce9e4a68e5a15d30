//! What the tests share: a fleet on a server, a provider, and their settings as processes pass them on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bankezy_client::{Client, RefreshSettings, TokenCache, TokenClient, TokenSlot};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, BankEzy, TokenAnswer, TokenRequest, UserTokenApi, UserTokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, CachedTokenApi as _, TokenKey};
use bankezy_crypto::{Derivation, KeyPair, KeyRing, PayloadCipher, PayloadSecret};
use bankezy_fleet::{Fleet, FleetConfig, LoginLock, SharedTokens};
use bankezy_sandbox::Sandbox;
use tokio::time::sleep;

use crate::children::setting;

pub(crate) const LIMIT: Duration = Duration::from_millis(1500);

pub(crate) type Slot = TokenSlot<UserTokenApi, SharedTokens<TokenAnswer>>;

pub(crate) fn is_long() -> bool {
    std::env::var_os("BANKEZY_TEST_EVERY_CASE").is_some()
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn config(url: &str) -> FleetConfig {
    FleetConfig::new(url, "test").heartbeat(ms(300))
}

pub(crate) fn fleet(url: &str) -> Fleet {
    Fleet::connect(config(url)).unwrap()
}

/// Waits until the store answers, which has to be within so long.
pub(crate) async fn is_back_within(fleet: &Fleet, within: Duration) {
    let begun = Instant::now();
    while fleet.ping().await.is_err() {
        assert!(begun.elapsed() < within, "{:?}", fleet.health());
        sleep(ms(5)).await;
    }
}

/// The wrapping key, the same in all processes.
pub(crate) fn ring() -> Arc<KeyRing> {
    let secret = PayloadSecret::from_bytes(&[3; 32]).unwrap();
    Arc::new(KeyRing::new("wrap-1", PayloadCipher::new(&secret).unwrap()))
}

/// A provider of tokens, and what a user's token is requested with.
pub(crate) struct Provider {
    sandbox: Sandbox,
    public_key: String,
}

/// A provider whose tokens have this lifetime.
pub(crate) async fn provider(lifetime: Duration) -> Provider {
    let sandbox = Sandbox::builder().token_lifetime(lifetime);
    let sandbox = sandbox
        .derivation(Derivation::Sha256)
        .start()
        .await
        .unwrap();
    let public_key = KeyPair::generate().unwrap().public_key().to_wire();
    Provider {
        sandbox,
        public_key,
    }
}

impl std::ops::Deref for Provider {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

/// What a process needs to know of the store and the provider.
pub(crate) fn settings(url: &str, provider: &Provider) -> Vec<(&'static str, String)> {
    let known = provider.credentials();
    let secret = known.payload_secret().to_base64url();
    vec![
        ("STORE", url.to_owned()),
        ("PROVIDER", provider.url().to_owned()),
        ("API_KEY", known.api_key().to_owned()),
        ("SDK_API_KEY", known.sdk_api_key().to_owned()),
        ("PAYLOAD_SECRET", secret.as_str().to_owned()),
        ("PUBLIC_KEY", provider.public_key.clone()),
    ]
}

pub(crate) fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    let borrowed = settings.iter().map(|(name, value)| (*name, value.as_str()));
    borrowed.collect()
}

/// The API and the request, from what a process knows.
fn asking(known: impl Fn(&str) -> String) -> (UserTokenApi, UserTokenRequest) {
    let base = BaseUrl::parse(&known("PROVIDER")).unwrap();
    let server = BankEzy::new(base, &known("API_KEY"), Version::V2).unwrap();
    let secret = PayloadSecret::from_base64url(&known("PAYLOAD_SECRET")).unwrap();
    let (public_key, sdk_api_key) = (known("PUBLIC_KEY"), known("SDK_API_KEY"));
    let account = AccountNumber::new(12).unwrap();
    let request = TokenRequest::new("reference", &public_key, &sdk_api_key, account).unwrap();
    let request = request.with_first_name("Asha").with_last_name("Rao");
    let api = UserTokenApi::get_token(server, PayloadCipher::new(&secret).unwrap());
    (api, UserTokenRequest::new(&request).unwrap())
}

fn asking_of(provider: &Provider) -> (UserTokenApi, UserTokenRequest) {
    let settings = settings("", provider);
    asking(|name| {
        let found = settings.iter().find(|(known, _)| *known == name);
        found.unwrap().1.clone()
    })
}

pub(crate) fn tokens(fleet: &Fleet) -> SharedTokens<TokenAnswer> {
    let lock = LoginLock::default().limit(LIMIT).jitter(ms(100));
    fleet.tokens_with(ring(), lock)
}

/// One token of a process's cache on the fleet's store.
pub(crate) fn slot(fleet: &Fleet, provider: &Provider) -> Slot {
    slot_on(tokens(fleet), provider)
}

/// A slot that leaves a provider alone for so long after a failure.
pub(crate) fn slot_resting(fleet: &Fleet, provider: &Provider, rest: Duration) -> Slot {
    let settings = RefreshSettings::default().backoff(rest, rest);
    slot_of(tokens(fleet), asking_of(provider), settings)
}

/// A slot that hands out a token for as long as it is valid.
pub(crate) fn slot_at_any_time(fleet: &Fleet, provider: &Provider) -> Slot {
    let settings = soon().min_remaining(Duration::ZERO);
    slot_of(tokens(fleet), asking_of(provider), settings)
}

pub(crate) fn slot_on(store: SharedTokens<TokenAnswer>, provider: &Provider) -> Slot {
    slot_of(store, asking_of(provider), soon())
}

fn soon() -> RefreshSettings {
    RefreshSettings::default().backoff(ms(10), ms(50))
}

fn slot_of(
    store: SharedTokens<TokenAnswer>,
    (api, request): (UserTokenApi, UserTokenRequest),
    settings: RefreshSettings,
) -> Slot {
    let client = Client::builder().only_these_roots(true).build().unwrap();
    let cache = TokenCache::with_settings(TokenClient::new(client, api), store, settings);
    cache.slot(request).unwrap()
}

pub(crate) fn key(provider: &Provider) -> TokenKey {
    let (api, request) = asking_of(provider);
    api.key(&request).unwrap()
}

/// In a process of the fleet.
pub(crate) fn slot_of_this_process() -> Slot {
    slot_of(tokens(&fleet(&setting("STORE"))), asking(setting), soon())
}

pub(crate) async fn token(slot: &Slot) -> String {
    slot.get().await.unwrap().token.as_str().to_owned()
}
