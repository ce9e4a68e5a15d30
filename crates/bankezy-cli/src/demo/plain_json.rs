//! Faceki, ComplyCube and Sardine: a token of each, in unencrypted JSON.

use std::time::SystemTime;

use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Platform, Provider, Sardine};
use bankezy_crypto::providers::{BaseUrl, Token, TokenApi};

use bankezy_sandbox::Sandbox;

use super::{Demo, answer_failure};
use crate::answer::Member;
use crate::failure::Failure;
use crate::token::random_uuid;
use crate::{answer, pretty};

impl Demo {
    pub(super) async fn plain_json(&mut self, sandbox: &Sandbox) -> Result<(), Failure> {
        let credentials = sandbox.credentials();
        let at = |provider| BaseUrl::parse(&format!("{}/{provider}", sandbox.url()));

        let api = Faceki::new(
            credentials.faceki_client_id(),
            credentials.faceki_client_secret(),
        )?
        .with_base_url(at("faceki")?);
        self.token(
            "A Faceki token",
            "On a real server, only TLS encrypts it. The credentials are in the URL, as its samples have \
             it, or in headers.",
            &api,
            &(),
            |token| shown(token, &[]),
        )
        .await?;

        let api =
            ComplyCube::new(credentials.complycube_api_key())?.with_base_url(at("complycube")?);
        let referrer = MatchPattern::parse("https://www.example.com/*")?;
        let request =
            complycube::TokenRequest::new("5eb04fcd0f3e360008035eb1", Sdk::Web { referrer })?;
        self.token(
            "A ComplyCube token",
            "For one client in its Web SDK. Its lifetime is not documented.",
            &api,
            &request,
            |token| shown(token, &[]),
        )
        .await?;

        let api = Sardine::new(
            at("sardine")?,
            credentials.sardine_client_id(),
            credentials.sardine_client_secret(),
        )?;
        let request = sardine::TokenRequest::new(&random_uuid()?)?
            .with_customer_id("customer-1")?
            .with_platform(Platform::ANDROID)
            .with_provider(Provider::INCODE);
        self.token(
            "A Sardine token",
            "For the identity documents of one session, which Incode reads here.",
            &api,
            &request,
            |found| shown(&found.token, &answer::sardine_members(found)),
        )
        .await
    }

    async fn token<A: TokenApi>(
        &mut self,
        title: &str,
        note: &str,
        api: &A,
        request: &A::Request,
        shown: impl FnOnce(&A::Answer) -> Result<String, Failure>,
    ) -> Result<(), Failure> {
        self.step(title, note, api.request(request)?, |exchange| {
            let found = api
                .response(request, &exchange.response, SystemTime::now())
                .map_err(answer_failure)?;
            let input = match exchange.sent.as_bytes() {
                [] => "only the credentials".to_owned(),
                sent => pretty::json(sent),
            };
            Ok(((), [input, shown(&found)?]))
        })
        .await
    }
}

/// As `bankezy token` prints it.
fn shown(token: &Token, more: &[Member<'_>]) -> Result<String, Failure> {
    let json = answer::plain_json(token, false, more)?;
    Ok(pretty::json(json.as_bytes()))
}
