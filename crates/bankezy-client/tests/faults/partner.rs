//! A partner's side of the calls, for every test here.

use core::time::Duration;
use std::sync::{Arc, LazyLock};

use bankezy_client::{BankEzyClient, Client, ClientBuilder, Delivery, ProviderError};
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, BankEzy, Call, Endpoint, TokenAnswer, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, CallError, Token};
use bankezy_crypto::{Channel, Error, KeyPair, backend};
use bankezy_sandbox::{EmulatedEndpoint, Sandbox};
use http::Method;
use serde_json::{Value, json};

pub(crate) const VERSIONS: [Version; 2] = [Version::V1, Version::V2];
const CALLS: [Call; 5] = [
    Call::GetToken,
    Call::OnboardingToken,
    Call::AppToken,
    Call::Renew,
    Call::Invalidate,
];
pub(crate) const ACCOUNT: &str = "9999999999999999999";
pub(crate) const REFERENCE: &str = "5f0c6f0e-7a57-4a3c-9d2b-0d7a3a1f0001";

/// Long enough that no machine is too busy for it: only a call that hangs reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Made once: what these tests are about is not keys.
pub(crate) static P256: LazyLock<Arc<KeyPair>> =
    LazyLock::new(|| Arc::new(KeyPair::generate().unwrap()));
pub(crate) static RSA: LazyLock<Arc<KeyPair>> =
    LazyLock::new(|| Arc::new(KeyPair::from_pem(bankezy_test_support::keys::RSA_2048).unwrap()));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    GetToken,
    Onboarding,
    AppToken,
    Renew,
    Invalidate,
    Echo,
}

impl Doing {
    pub(crate) const ALL: [Self; 6] = [
        Self::GetToken,
        Self::Onboarding,
        Self::AppToken,
        Self::Renew,
        Self::Invalidate,
        Self::Echo,
    ];

    pub(crate) fn counted_as(self) -> EmulatedEndpoint {
        match self {
            Self::GetToken => EmulatedEndpoint::GetToken,
            Self::Onboarding => EmulatedEndpoint::OnboardingUserToken,
            Self::AppToken => EmulatedEndpoint::GetAppToken,
            Self::Renew => EmulatedEndpoint::Renew,
            Self::Invalidate => EmulatedEndpoint::Invalidate,
            Self::Echo => EmulatedEndpoint::Echo,
        }
    }
}

/// What a caller would do about an error, told from the error alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Nothing was sent, and the cause can pass.
    CallAgain,
    /// The server is busy and did nothing.
    CallAgainLater,
    GetNewToken,
    AgreeOnNewKeys,
    /// The server may have executed the call: ask it, or repeat only what may happen twice.
    AskServer,
    /// Somebody else may have written the answer, or the server changed.
    DistrustAnswer,
    Mend,
}

pub(crate) fn advice(error: &ProviderError) -> Advice {
    match error {
        ProviderError::Transport(error) if error.is_retryable() => Advice::CallAgain,
        ProviderError::Transport(error) if error.delivery() == Delivery::PossiblySent => {
            Advice::AskServer
        }
        ProviderError::Answer(CallError::Plain(plain), _) => match plain.status().as_u16() {
            401 => Advice::GetNewToken,
            429 | 503 => Advice::CallAgainLater,
            500.. => Advice::AskServer,
            _ => Advice::Mend,
        },
        ProviderError::Answer(CallError::Envelope(Error::OpenFailed), _) => Advice::AgreeOnNewKeys,
        ProviderError::Answer(CallError::Unexpected { .. }, _) => Advice::DistrustAnswer,
        _ => Advice::Mend,
    }
}

/// For the plain HTTP of loopback, where no root is needed.
pub(crate) fn builder() -> ClientBuilder {
    Client::builder().only_these_roots(true).deadline(PATIENCE)
}

/// For this emulator, with its root where it speaks TLS.
pub(crate) fn builder_for(sandbox: &Sandbox) -> ClientBuilder {
    match sandbox.ca_pem() {
        Some(pem) => builder().add_root_certificate_pem(pem),
        None => builder(),
    }
}

pub(crate) fn client_for(sandbox: &Sandbox) -> Client {
    builder_for(sandbox).build().unwrap()
}

/// `idempotent` is what the caller says of the calls of the token service.
pub(crate) fn connect(
    client: &Client,
    sandbox: &Sandbox,
    version: Version,
    idempotent: bool,
) -> BankEzyClient {
    let api_key = sandbox.credentials().api_key();
    connect_to(client, sandbox.url(), api_key, version, idempotent)
}

pub(crate) fn connect_to(
    client: &Client,
    url: &str,
    api_key: &str,
    version: Version,
    idempotent: bool,
) -> BankEzyClient {
    let server = BankEzy::new(BaseUrl::parse(url).unwrap(), api_key, version).unwrap();
    let mut server = match version {
        // The emulator's own path: the documentation has this call in one version only.
        Version::V2 => server.with_endpoint(
            Call::OnboardingToken,
            Endpoint::new(Method::POST, "/onboarding/user/v2/token"),
        ),
        _ => server,
    };
    for call in CALLS {
        if idempotent {
            let marked = server.endpoint(call).clone().idempotent();
            server = server.with_endpoint(call, marked);
        }
    }
    BankEzyClient::new(client.clone(), server)
}

pub(crate) fn static_channel(sandbox: &Sandbox) -> Channel {
    let secret = sandbox.credentials().payload_secret();
    Channel::from_secret(secret, &backend::AWS_LC_RS).unwrap()
}

pub(crate) fn account() -> AccountNumber {
    AccountNumber::parse(ACCOUNT).unwrap()
}

pub(crate) fn said() -> Value {
    json!({"amount": 1250, "account": 9_999_999_999_999_999_999_u64, "note": "Grüße"})
}

pub(crate) async fn get_token(
    bankezy: &BankEzyClient,
    sandbox: &Sandbox,
    ours: &KeyPair,
    onboarding: bool,
) -> Result<TokenAnswer, ProviderError> {
    let key = ours.public_key().to_wire();
    let sdk_api_key = sandbox.credentials().sdk_api_key();
    let request = TokenRequest::new(REFERENCE, &key, sdk_api_key, account())
        .unwrap()
        .with_first_name("Ada")
        .with_last_name("Lovelace")
        .with_email("ada@example.com")
        .with_mobile("91", "9999999999")
        .unwrap();
    let channel = static_channel(sandbox);
    match onboarding {
        true => bankezy.onboarding_token(&request, &channel).await,
        false => bankezy.get_token(&request, &channel).await,
    }
}

/// Makes one call; `session` has the token and the channel of a Get Token.
pub(crate) async fn make(
    doing: Doing,
    bankezy: &BankEzyClient,
    sandbox: &Sandbox,
    session: &Session,
) -> Result<(), ProviderError> {
    let credentials = sandbox.credentials();
    let Session { token, channel, .. } = session;
    match doing {
        Doing::GetToken => drop(get_token(bankezy, sandbox, &P256, false).await?),
        Doing::Onboarding => drop(get_token(bankezy, sandbox, &P256, true).await?),
        Doing::AppToken => {
            let app = AppCredentials {
                api_key: credentials.app_api_key(),
                secret: credentials.app_secret(),
            };
            let ours = Arc::clone(&P256);
            drop(
                bankezy
                    .app_token(&app, ours, &credentials.derivation())
                    .await?,
            );
        }
        Doing::Renew => drop(bankezy.renew(token, account(), channel).await?),
        Doing::Invalidate => {
            let channel = static_channel(sandbox);
            drop(bankezy.invalidate(REFERENCE, None, &channel).await?);
        }
        Doing::Echo => {
            let echo = Endpoint::from(credentials.echo_path());
            let echo = if session.idempotent {
                echo.idempotent()
            } else {
                echo
            };
            let heard: Value = bankezy.call(echo, &said(), token, channel).await?;
            assert_eq!(heard, said());
        }
    }
    Ok(())
}

pub(crate) struct Session {
    pub(crate) token: Token,
    pub(crate) channel: Channel,
    /// Of its token, for Invalidate.
    pub(crate) reference: String,
    /// What the caller says of calls under it.
    pub(crate) idempotent: bool,
}

/// Get Token with a P-256 key, and the channel agreed.
pub(crate) async fn session(bankezy: &BankEzyClient, sandbox: &Sandbox) -> Session {
    let answer = get_token(bankezy, sandbox, &P256, false).await.unwrap();
    let key = answer.server_public_key.as_deref().unwrap();
    let derivation = sandbox.credentials().derivation();
    Session {
        channel: Channel::establish(Arc::clone(&P256), key, &derivation).unwrap(),
        reference: answer.token_reference_id.unwrap(),
        token: answer.token,
        idempotent: false,
    }
}
