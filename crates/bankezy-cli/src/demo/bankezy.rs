//! BankEzy: keys are agreed, and a token goes through its life cycle.

use std::sync::Arc;

use bankezy_crypto::providers::bankezy::{
    self, AccountNumber, AppCredentials, BankEzy, Call, DateOfBirth, TokenRequest, Version,
};
use bankezy_crypto::providers::{BaseUrl, CallError, RequestError};
use bankezy_crypto::{Channel, KeyPair};
use bankezy_sandbox::Sandbox;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Demo, Exchange, answer_failure};
use crate::failure::Failure;
use crate::token::random_uuid;

/// The longest possible account number: no double holds it.
const ACCOUNT: u64 = 9_007_199_254_740_993_001;

/// What the sealed call sends.
const PAYMENT: &str = r#"{"amount":"1250.00","currency":"INR","to":"Asha","note":"Rent for May"}"#;

impl Demo {
    pub(super) async fn bankezy(&mut self, sandbox: &Sandbox) -> Result<(), Failure> {
        let credentials = sandbox.credentials();
        let called_with = |api_key| -> Result<_, RequestError> {
            BankEzy::new(BaseUrl::parse(sandbox.url())?, api_key, Version::V2)
        };
        // The addresses from which our server and an app call.
        let server = called_with(credentials.api_key())?;
        let app_server = called_with(credentials.app_api_key())?;

        let pair = Arc::new(KeyPair::generate()?);
        let app = AppCredentials {
            api_key: credentials.app_api_key(),
            secret: credentials.app_secret(),
        };
        let (request, handshake) = app_server.app_token_request(&app, Arc::clone(&pair))?;
        let finish = |exchange: &Exchange| {
            let session = handshake
                .finish(&exchange.response, &credentials.derivation())
                .map_err(answer_failure)?;
            Ok((session, exchange.unencrypted()))
        };
        let session = self
            .step(
                "Key exchange (Get App Token)",
                "Public keys travel in unencrypted JSON, inside TLS on a real server. Both sides derive the \
                 same key, which never travels.",
                request,
                finish,
            )
            .await?;

        let channel = Channel::from_secret(credentials.payload_secret(), &pair.backend())?;
        let (reference, public_key) = (random_uuid()?, pair.public_key().to_wire());
        let account = AccountNumber::new(ACCOUNT)?;
        let sdk_api_key = credentials.sdk_api_key();
        let request = TokenRequest::new(&reference, &public_key, sdk_api_key, account)?
            .with_first_name("Asha")
            .with_dob(DateOfBirth::new(1990, 1, 31)?);
        let token_of = |call| {
            let channel = &channel;
            move |exchange: &Exchange| {
                let answer = bankezy::read_token(call, &exchange.response, channel);
                Ok((answer.map_err(answer_failure)?, exchange.opened(channel)?))
            }
        };
        let issued = self
            .step(
                "Get Token",
                "Sealed under the static payload secret from onboarding. 19 digits stay exact.",
                server.get_token_request(&request, &channel)?,
                token_of(Call::GetToken),
            )
            .await?;

        let payment: &RawValue =
            serde_json::from_str(PAYMENT).map_err(|_| Failure::operation("no JSON"))?;
        let path = credentials.echo_path();
        let (token, agreed) = (&session.answer.token, &session.channel);
        let read_echo = |exchange: &Exchange| {
            let echoed: Box<RawValue> =
                bankezy::read(&exchange.response, agreed).map_err(answer_failure)?;
            if echoed.get() != PAYMENT {
                return Err(Failure::operation("the echo is not what was sent"));
            }
            Ok(((), exchange.opened(agreed)?))
        };
        self.step(
            "A sealed call (echo)",
            "Sealed under the key agreed in step 1, with its token. It comes back byte for byte.",
            app_server.call_request(path, payment, token, agreed)?,
            read_echo,
        )
        .await?;

        let renewed = self
            .step(
                "Renew",
                "Replaces the token of step 2 before it expires.",
                server.renew_request(&issued.token, account, &channel)?,
                token_of(Call::Renew),
            )
            .await?;

        let reference = renewed.token_reference_id.or(issued.token_reference_id);
        let reference = reference.ok_or_else(|| Failure::operation("no token reference"))?;
        let read_invalidated = |exchange: &Exchange| {
            bankezy::read_invalidated(&exchange.response, &channel).map_err(answer_failure)?;
            Ok(((), exchange.opened(&channel)?))
        };
        self.step(
            "Invalidate",
            "Ends the renewed token.",
            server.invalidate_request(&reference, None, &channel)?,
            read_invalidated,
        )
        .await?;

        let read_refusal = |exchange: &Exchange| {
            let Err(CallError::Plain(refusal)) =
                bankezy::read::<Value, _>(&exchange.response, &channel)
            else {
                return Err(Failure::operation(
                    "the invalidated token is still accepted",
                ));
            };
            let refused = format!(
                "refused with HTTP {}, unencrypted and so not authenticated",
                refusal.status()
            );
            Ok(((), [PAYMENT.to_owned(), refused]))
        };
        self.step(
            "The invalidated token is refused",
            "The same call as in step 3, with the token of step 5.",
            server.call_request(path, payment, &renewed.token, &channel)?,
            read_refusal,
        )
        .await
    }
}
