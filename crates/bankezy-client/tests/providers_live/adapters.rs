//! The adapters, each with a request that succeeds.

use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

/// How asking for a token ends without one.
pub(crate) use bankezy_client::ProviderError as Failed;
use bankezy_client::{Client, ClientBuilder};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, AppTokenApi, BankEzy, OnboardingApi, RenewApi, RenewRequest,
    TokenRequest, UserTokenApi, UserTokenRequest, Version,
};
use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Platform, Provider, Sardine};
use bankezy_crypto::providers::{BaseUrl, CachedTokenApi as _, CallOptions, Token, TokenApi};
use bankezy_crypto::{Channel, KeyPair, SecretBytes, backend};
use bankezy_sandbox::{EmulatedEndpoint, Sandbox};
use http::Request;

use crate::shown::Shown;
use crate::silence::CANARY;

/// Long enough that no machine is too busy for it: only a call that hangs reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    FacekiByQuery,
    FacekiByHeaders,
    ComplyCubeWeb,
    ComplyCubeMobile,
    SardineWithIncode,
    SardineWithAu10tix,
    GetToken,
    Onboarding,
    AppToken,
    Renew,
}

/// A token API and what it is asked with.
pub(crate) enum Adapter {
    Faceki(Faceki),
    ComplyCube(ComplyCube, complycube::TokenRequest),
    Sardine(Sardine, sardine::TokenRequest),
    User(UserTokenApi, UserTokenRequest),
    Onboarding(OnboardingApi, UserTokenRequest),
    App(AppTokenApi, Arc<KeyPair>),
    Renew(RenewApi, RenewRequest),
}

impl Which {
    pub(crate) const ALL: [Self; 10] = [
        Self::FacekiByQuery,
        Self::FacekiByHeaders,
        Self::ComplyCubeWeb,
        Self::ComplyCubeMobile,
        Self::SardineWithIncode,
        Self::SardineWithAu10tix,
        Self::GetToken,
        Self::Onboarding,
        Self::AppToken,
        Self::Renew,
    ];

    pub(crate) fn counted_as(self) -> EmulatedEndpoint {
        match self {
            Self::FacekiByQuery | Self::FacekiByHeaders => EmulatedEndpoint::FacekiToken,
            Self::ComplyCubeWeb | Self::ComplyCubeMobile => EmulatedEndpoint::ComplyCubeToken,
            Self::SardineWithIncode | Self::SardineWithAu10tix => EmulatedEndpoint::SardineToken,
            Self::GetToken => EmulatedEndpoint::GetToken,
            Self::Onboarding => EmulatedEndpoint::OnboardingUserToken,
            Self::AppToken => EmulatedEndpoint::GetAppToken,
            Self::Renew => EmulatedEndpoint::Renew,
        }
    }

    /// Whether its answer is sealed.
    pub(crate) fn is_sealed(self) -> bool {
        matches!(self, Self::GetToken | Self::Onboarding | Self::Renew)
    }

    /// `client` gets what is needed beforehand: a token to renew.
    pub(crate) async fn adapter(self, sandbox: &Sandbox, client: &Client) -> Adapter {
        match self {
            Self::FacekiByQuery => Adapter::Faceki(faceki(sandbox)),
            Self::FacekiByHeaders => Adapter::Faceki(faceki(sandbox).with_credentials_in_headers()),
            Self::ComplyCubeWeb => Adapter::ComplyCube(complycube(sandbox), web()),
            Self::ComplyCubeMobile => Adapter::ComplyCube(complycube(sandbox), mobile()),
            Self::SardineWithIncode => {
                Adapter::Sardine(sardine(sandbox), identity(Provider::INCODE))
            }
            Self::SardineWithAu10tix => {
                Adapter::Sardine(sardine(sandbox), identity(Provider::AU10TIX))
            }
            Self::GetToken => {
                let api = UserTokenApi::get_token(bankezy(sandbox), channel(sandbox));
                Adapter::User(api, user(sandbox))
            }
            Self::Onboarding => {
                let api = OnboardingApi::new(bankezy(sandbox), channel(sandbox));
                Adapter::Onboarding(api, user(sandbox))
            }
            Self::AppToken => {
                let known = sandbox.credentials();
                let app = AppCredentials {
                    api_key: known.app_api_key(),
                    secret: known.app_secret(),
                };
                let api = AppTokenApi::new(bankezy(sandbox), &app, known.derivation()).unwrap();
                Adapter::App(api, Arc::new(KeyPair::generate().unwrap()))
            }
            Self::Renew => {
                let held = Box::pin(Self::GetToken.adapter(sandbox, client)).await;
                let held = held.token(client).await.unwrap();
                let api = RenewApi::new(bankezy(sandbox), channel(sandbox));
                Adapter::Renew(api, RenewRequest::new(held, account()))
            }
        }
    }
}

impl Adapter {
    pub(crate) async fn token(&self, client: &Client) -> Result<Token, Failed> {
        // The faults count what each attempt meets.
        let repeatable = |request: &mut Request<SecretBytes>| {
            let options = CallOptions::new().idempotent();
            options.apply(request).unwrap();
        };
        match self {
            Self::Faceki(api) => ask(client, api, &(), repeatable).await,
            Self::ComplyCube(api, request) => ask(client, api, request, repeatable).await,
            Self::Sardine(api, request) => {
                let answer = ask(client, api, request, repeatable).await;
                answer.map(|answer| answer.token)
            }
            Self::User(api, request) => {
                let answer = ask(client, api, request, repeatable).await;
                answer.map(|answer| answer.token)
            }
            Self::Onboarding(api, request) => {
                let answer = ask(client, api, request, repeatable).await;
                answer.map(|answer| answer.token)
            }
            Self::App(api, pair) => {
                let session = ask(client, api, pair, repeatable).await;
                session.map(|session| session.answer.token)
            }
            Self::Renew(api, request) => {
                let answer = ask(client, api, request, repeatable).await;
                answer.map(|answer| answer.token)
            }
        }
    }

    pub(crate) fn show(&self, shown: &mut Shown) {
        match self {
            Self::Faceki(api) => shown.value("Faceki", &(api, api.key(&()))),
            Self::ComplyCube(api, request) => {
                shown.value("ComplyCube", &(api, request, api.key(request)));
            }
            Self::Sardine(api, request) => {
                shown.value("Sardine", &(api, request, api.key(request)));
            }
            Self::User(api, request) => shown.value("user", &(api, request, api.key(request))),
            Self::Onboarding(api, request) => shown.value("onboarding", &(api, request)),
            Self::App(api, pair) => shown.value("app", &(api, pair, api.key(pair))),
            Self::Renew(api, request) => shown.value("renew", &(api, request)),
        }
    }
}

/// Asks for a token with a request that `change` may spoil.
pub(crate) async fn ask<A: TokenApi>(
    client: &Client,
    api: &A,
    request: &A::Request,
    change: impl Fn(&mut Request<SecretBytes>),
) -> Result<A::Answer, Failed> {
    let make = || {
        let mut made = api.request(request)?;
        change(&mut made);
        Ok::<_, Failed>(made)
    };
    let response = client.execute(make).await?;
    Ok(api.response(request, &response, SystemTime::now())?)
}

/// For this emulator, with its root where it speaks TLS.
pub(crate) fn builder_for(sandbox: &Sandbox) -> ClientBuilder {
    let builder = Client::builder().only_these_roots(true).deadline(PATIENCE);
    match sandbox.ca_pem() {
        Some(pem) => builder.add_root_certificate_pem(pem),
        None => builder,
    }
}

pub(crate) fn client_for(sandbox: &Sandbox) -> Client {
    builder_for(sandbox).build().unwrap()
}

pub(crate) fn base(sandbox: &Sandbox, provider: &str) -> BaseUrl {
    BaseUrl::parse(&format!("{}/{provider}", sandbox.url())).unwrap()
}

pub(crate) fn faceki(sandbox: &Sandbox) -> Faceki {
    let known = sandbox.credentials();
    Faceki::new(known.faceki_client_id(), known.faceki_client_secret())
        .unwrap()
        .with_base_url(base(sandbox, "faceki"))
}

pub(crate) fn complycube(sandbox: &Sandbox) -> ComplyCube {
    ComplyCube::new(sandbox.credentials().complycube_api_key())
        .unwrap()
        .with_base_url(base(sandbox, "complycube"))
}

pub(crate) fn web() -> complycube::TokenRequest {
    let referrer = MatchPattern::parse(&format!("https://{CANARY}.example/*")).unwrap();
    complycube::TokenRequest::new(CANARY, Sdk::Web { referrer }).unwrap()
}

fn mobile() -> complycube::TokenRequest {
    let app_id = format!("com.{CANARY}");
    complycube::TokenRequest::new(CANARY, Sdk::Mobile { app_id }).unwrap()
}

pub(crate) fn sardine(sandbox: &Sandbox) -> Sardine {
    let known = sandbox.credentials();
    let (id, secret) = (known.sardine_client_id(), known.sardine_client_secret());
    Sardine::new(base(sandbox, "sardine"), id, secret).unwrap()
}

pub(crate) fn identity(provider: Provider) -> sardine::TokenRequest {
    sardine::TokenRequest::new(CANARY)
        .unwrap()
        .with_customer_id(CANARY)
        .unwrap()
        .with_platform(Platform::ANDROID)
        .with_provider(provider)
}

pub(crate) fn bankezy(sandbox: &Sandbox) -> BankEzy {
    let base = BaseUrl::parse(sandbox.url()).unwrap();
    // Onboarding is documented in v1 alone.
    BankEzy::new(base, sandbox.credentials().api_key(), Version::V1).unwrap()
}

pub(crate) fn channel(sandbox: &Sandbox) -> Channel {
    let secret = sandbox.credentials().payload_secret();
    Channel::from_secret(secret, &backend::AWS_LC_RS).unwrap()
}

pub(crate) fn account() -> AccountNumber {
    AccountNumber::parse("9999999999999999999").unwrap()
}

pub(crate) fn user(sandbox: &Sandbox) -> UserTokenRequest {
    user_with(sandbox.credentials().sdk_api_key())
}

pub(crate) fn user_with(sdk_api_key: &str) -> UserTokenRequest {
    let key = KeyPair::generate().unwrap().public_key().to_wire();
    let request = TokenRequest::new(CANARY, &key, sdk_api_key, account())
        .unwrap()
        .with_first_name(CANARY);
    UserTokenRequest::new(&request).unwrap()
}
