//! What the callers call: session keepers, a token cache and clients, all with one emulator.

use std::error::Error;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bankezy_client::{
    BankEzyClient, Client, ClientError, MemoryStore, ProviderError, RefreshSettings, Renewal,
    RetryPolicy, Session, SessionKeeper, TokenCache, TokenClient, TokenSlot, Transport,
};
use bankezy_crypto::KeyPair;
use bankezy_crypto::providers::BaseUrl;
use bankezy_crypto::providers::bankezy::{AppCredentials, BankEzy, Version};
use bankezy_crypto::providers::sardine::{Sardine, TokenRequest};
use bankezy_sandbox::{Sandbox, TestClock};
use tokio::net::TcpSocket;
use tower::ServiceBuilder;

const DEADLINE: Duration = Duration::from_secs(2);
/// Of the client that gives up early, and that has one connection.
const SHORT: Duration = Duration::from_millis(15);
const SLOTS: usize = 8;

pub(crate) struct Stage {
    pub(crate) path: &'static str,
    /// The first always has calls under way, so that it logs in again instead of renewing; the second has pauses.
    pub(crate) keepers: [SessionKeeper; 2],
    pub(crate) impatient: BankEzyClient,
    /// Nobody listens at its server's port.
    pub(crate) unreachable: BankEzyClient,
    /// Keeps that port from being given to another socket.
    _reserved: TcpSocket,
    pub(crate) slots: Vec<TokenSlot<Sardine>>,
}

/// For the plain HTTP of loopback, where no root is needed.
pub(crate) fn client() -> Result<Client, ClientError> {
    let retries = RetryPolicy::default().with_backoff(Duration::from_millis(5), SHORT);
    let builder = Client::builder().only_these_roots(true);
    let builder = builder.deadline(DEADLINE).max_response_len(64 * 1024);
    builder.retries(retries).build()
}

impl Stage {
    pub(crate) fn set(
        sandbox: &Sandbox,
        clock: &TestClock,
        transport: &Transport,
    ) -> Result<Self, Box<dyn Error>> {
        let known = sandbox.credentials();
        let settings = RefreshSettings::default()
            .clock(clock.reader())
            .backoff(Duration::from_millis(20), Duration::from_millis(200))
            .deadline(DEADLINE)
            .shutdown_deadline(5 * DEADLINE);
        let server = |url: &str| -> Result<BankEzy, Box<dyn Error>> {
            let base = BaseUrl::parse(url)?;
            Ok(BankEzy::new(base, known.api_key(), Version::V2)?)
        };
        let bankezy = BankEzyClient::new(transport.clone(), server(sandbox.url())?);
        let keeper =
            || SessionKeeper::with_settings(bankezy.clone(), login(sandbox), settings.clone());

        let one_at_a_time = ServiceBuilder::new()
            .concurrency_limit(1)
            .service(client()?);
        let impatient = Transport::new(one_at_a_time).deadline(SHORT);
        let reserved = TcpSocket::new_v4()?;
        reserved.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let nowhere = format!("http://{}", reserved.local_addr()?);

        let base = BaseUrl::parse(&format!("{}/sardine", sandbox.url()))?;
        let (id, secret) = (known.sardine_client_id(), known.sardine_client_secret());
        let tokens = TokenClient::new(transport.clone(), Sardine::new(base, id, secret)?);
        let cache = TokenCache::with_settings(tokens, MemoryStore::default(), settings.clone());
        let slots = (0..SLOTS).map(|slot| {
            let request = TokenRequest::new(&format!("session-{slot}"))?;
            Ok(cache.slot(request)?)
        });
        Ok(Self {
            path: known.echo_path(),
            keepers: [keeper(), keeper()],
            impatient: BankEzyClient::new(impatient, server(sandbox.url())?),
            _reserved: reserved,
            unreachable: BankEzyClient::new(transport.clone(), server(&nowhere)?),
            slots: slots.collect::<Result<_, Box<dyn Error>>>()?,
        })
    }
}

type Login = Pin<Box<dyn Future<Output = Result<Session, ProviderError>> + Send>>;

/// Get App Token.
fn login(sandbox: &Sandbox) -> impl Fn(BankEzyClient) -> Login + Send + Sync + use<> {
    let known = sandbox.credentials();
    let [key, secret] = [known.app_api_key(), known.app_secret()].map(str::to_owned);
    let derivation = known.derivation();
    move |client| {
        let (api_key, secret) = (key.clone(), secret.clone());
        Box::pin(async move {
            let (api_key, secret) = (&*api_key, &*secret);
            let (app, pair) = (AppCredentials { api_key, secret }, KeyPair::generate()?);
            let session = client.app_token(&app, pair, &derivation).await?;
            let renewal = Renewal::WithoutAccount;
            Ok(Session::new(session.answer, session.channel, renewal))
        })
    }
}
