//! What works: a token's life over each way to the key, in both versions, with TLS and without.

use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use bankezy_client::{BankEzyClient, ProviderError};
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::{AppCredentials, Version};
use bankezy_crypto::{Channel, KeyPair};
use bankezy_sandbox::{AnswerForm, EmulatedEndpoint, Sandbox, TokenFormat};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::partner::{
    ACCOUNT, Advice, P256, REFERENCE, RSA, VERSIONS, account, advice, client_for, connect,
    get_token, said, static_channel,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Static,
    Agreed,
    KeyTransport,
}

const HOUR: Duration = Duration::from_secs(60 * 60);

struct Visit {
    sandbox: Sandbox,
    bankezy: BankEzyClient,
    way: Way,
    ours: Arc<KeyPair>,
}

impl Visit {
    async fn start(way: Way, version: Version, tls: bool) -> Self {
        let builder = Sandbox::builder().answers(AnswerForm::Varied);
        let builder = builder.tls(tls).token_lifetime(HOUR);
        // Both forms of token, since they travel in headers.
        let builder = match way {
            Way::Static => builder.token_format(TokenFormat::Jwe),
            _ => builder,
        };
        let sandbox = builder.path_prefix("/kong").start().await.unwrap();
        assert_eq!(sandbox.url().starts_with("https:"), tls);
        let ours = match way {
            Way::KeyTransport => &RSA,
            _ => &P256,
        };
        Self {
            bankezy: connect(&client_for(&sandbox), &sandbox, version, false),
            sandbox,
            way,
            ours: Arc::clone(ours),
        }
    }

    /// The way that this visit is about, from the server's key.
    fn channel(&self, server_key: Option<&str>) -> Channel {
        let channel = match self.way {
            Way::Static => static_channel(&self.sandbox),
            _ => {
                let derivation = self.sandbox.credentials().derivation();
                Channel::establish(Arc::clone(&self.ours), server_key.unwrap(), &derivation)
                    .unwrap()
            }
        };
        let as_meant = match self.way {
            Way::Static | Way::Agreed => "Channel(cipher, [redacted])",
            Way::KeyTransport => "Channel(sealer and opener, [redacted])",
        };
        assert_eq!(format!("{channel:?}"), as_meant);
        channel
    }

    async fn echo(&self, token: &Token, channel: &Channel) -> Result<(), Advice> {
        let path = self.sandbox.credentials().echo_path();
        let heard: Result<Value, ProviderError> =
            self.bankezy.call(path, &said(), token, channel).await;
        assert_eq!(heard.map_err(|error| advice(&error))?, said());
        Ok(())
    }

    async fn token(&self, onboarding: bool) -> (Token, Channel) {
        let answer = get_token(&self.bankezy, &self.sandbox, &self.ours, onboarding)
            .await
            .unwrap();
        assert_eq!(answer.reference_id.as_deref(), Some(REFERENCE));
        assert_eq!(answer.token_reference_id.as_deref(), Some(REFERENCE));
        assert_eq!(answer.account_number.as_deref(), Some(ACCOUNT));
        let left = answer.token.remaining(SystemTime::now()).unwrap();
        assert!(left > HOUR / 2, "{left:?}");
        let channel = self.channel(answer.server_public_key.as_deref());
        (answer.token, channel)
    }

    async fn live(&self) {
        let gone = Err(Advice::GetNewToken);
        let (onboarded, channel) = self.token(true).await;
        assert_eq!(self.echo(&onboarded, &channel).await, Ok(()));

        let (first, channel) = self.token(false).await;
        assert_eq!(self.echo(&first, &channel).await, Ok(()));

        self.sandbox.advance_clock(HOUR + Duration::from_secs(1));
        assert_eq!(self.echo(&first, &channel).await, gone);
        let late = self.bankezy.renew(&first, account(), &channel).await;
        assert_eq!(late.map(drop).map_err(|error| advice(&error)), gone);

        let (second, channel) = self.token(false).await;
        assert_eq!(self.echo(&second, &channel).await, Ok(()));
        self.sandbox.advance_clock(HOUR / 2);
        let renewed = self
            .bankezy
            .renew(&second, account(), &channel)
            .await
            .unwrap();
        assert!(renewed.token.expires_at() > second.expires_at());
        assert!(renewed.login_id.is_some());
        assert!(renewed.server_public_key.is_none());
        // The channel outlives the token that it came with.
        assert_eq!(self.echo(&second, &channel).await, gone);
        assert_eq!(self.echo(&renewed.token, &channel).await, Ok(()));

        let reference = renewed.token_reference_id.as_deref().unwrap();
        let sealed = static_channel(&self.sandbox);
        self.bankezy
            .invalidate(reference, None, &sealed)
            .await
            .unwrap();
        assert_eq!(self.echo(&renewed.token, &channel).await, gone);
        let twice = self.bankezy.invalidate(reference, None, &sealed).await;
        assert_eq!(twice.unwrap_err().code(), "reply.failed");
    }

    async fn live_as_app(&self) {
        let credentials = self.sandbox.credentials();
        let app = AppCredentials {
            api_key: credentials.app_api_key(),
            secret: credentials.app_secret(),
        };
        let derivation = credentials.derivation();
        let session = self
            .bankezy
            .app_token(&app, Arc::clone(&self.ours), &derivation)
            .await
            .unwrap();
        let (token, channel) = (&session.answer.token, &session.channel);
        assert!(token.server_headers().unwrap().get("date").is_some());
        assert_eq!(self.echo(token, channel).await, Ok(()));
        let renewed = self.bankezy.renew(token, account(), channel).await.unwrap();
        assert_eq!(self.echo(token, channel).await, Err(Advice::GetNewToken));
        assert_eq!(self.echo(&renewed.token, channel).await, Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_the_key_works_from_first_token_to_invalidation() {
    let mut visits = JoinSet::new();
    for way in [Way::Static, Way::Agreed, Way::KeyTransport] {
        for version in VERSIONS {
            for tls in [false, true] {
                visits.spawn(async move {
                    eprintln!("{way:?} {version:?} TLS {tls}");
                    let visit = Visit::start(way, version, tls).await;
                    visit.live().await;
                    visit.live_as_app().await;
                    let executed = visit.sandbox.executed();
                    for (endpoint, times) in [
                        (EmulatedEndpoint::OnboardingUserToken, 1),
                        (EmulatedEndpoint::GetToken, 2),
                        (EmulatedEndpoint::GetAppToken, 1),
                        (EmulatedEndpoint::Renew, 2),
                        (EmulatedEndpoint::Invalidate, 1),
                        (EmulatedEndpoint::Echo, 6),
                    ] {
                        assert_eq!(executed.of(endpoint), times, "{endpoint:?}");
                    }
                    visit.sandbox.shutdown().await;
                });
            }
        }
    }
    assert_eq!(visits.join_all().await.len(), 12);
}
