//! `bankezy token bankezy`: Get Token, Onboarding user token and Get App Token.

use std::collections::BTreeMap;
use std::sync::Arc;

use bankezy_client::BankEzyClient;
use bankezy_crypto::providers::bankezy::{AppCredentials, TokenAnswer, TokenRequest};
use bankezy_crypto::{Derivation, KeyPair, KeyType, PublicKey};
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::args::{
    AppArgs, BackendArg, BankezyCall, BankezyToken, DerivationArgs, ExchangeArgs, OnboardingArgs,
    SecretArg as _, TokenArgs, TransportArgs, flag,
};
use crate::failure::Failure;
use crate::session::{self, Keys};
use crate::settings::Settings;
use crate::{answer, files, keys, remote, renew, usage};

pub(crate) fn run(args: &BankezyToken, settings: Settings) -> Result<(), Failure> {
    match &args.call {
        Some(BankezyCall::Renew(args)) => renew::renew(args, settings),
        Some(BankezyCall::Invalidate(args)) => renew::invalidate(args, settings),
        Some(BankezyCall::Onboarding(args)) => {
            new_token(&args.token, None, Some(&args.onboarding), &settings)
        }
        None => new_token(
            &args.token,
            args.app.app.then_some(&args.app),
            None,
            &settings,
        ),
    }
}

/// Get App Token, or else Get Token or Onboarding user token.
fn new_token(
    args: &TokenArgs,
    app: Option<&AppArgs>,
    onboarding: Option<&OnboardingArgs>,
    settings: &Settings,
) -> Result<(), Failure> {
    let (exchange, output) = (&args.exchange, &args.output);
    if let Some(path) = &output.save_session {
        files::check_private(path, "--save-session", output.force)?;
    }
    let client = remote::connect(&args.server)?;
    let derivation = derivation(&exchange.derivation)?;
    refuse_needless(app.is_some(), output.save_session.is_some(), settings)?;
    let backend = keys::backend(&BackendArg::default())?;
    // Making a new key takes longer than all the checks before it.
    let pair = Arc::new(match exchange.private_key.place() {
        Some(place) => keys::private_key(place, None, backend)?,
        None => KeyPair::generate_with_backend(backend)?,
    });
    let call = TokenCall {
        client,
        transport: &args.server.transport,
        exchange,
        pair,
        derivation,
    };
    let (answer, session_keys) = remote::block_on(async {
        match app {
            Some(app) => call.app_token(app).await,
            None => call.user_token(args, onboarding, &settings.data).await,
        }
    })??;
    if let Some(path) = &output.save_session {
        session::save(path, output.force, &settings.values, &answer, &session_keys)?;
    }
    answer::print_token(&answer, output.reveal)
}

/// Refuses flags that would do nothing. Settings that would do nothing are for other calls.
fn refuse_needless(is_app: bool, is_saved: bool, settings: &Settings) -> Result<(), Failure> {
    const OF_APP: [&str; 4] = [
        "app_api_key_file",
        "app_api_key_env",
        "app_secret_file",
        "app_secret_env",
    ];
    let is_flag = |id: &&str| {
        let value = settings.values.get(*id);
        value.is_some_and(|value| value.from == flag(id))
    };
    if let Some(id) = OF_APP.iter().find(|id| !is_app && is_flag(id)) {
        return Err(Failure::usage(format!("{} is only for --app", flag(id))));
    }
    if !is_app && !is_saved && is_flag(&"derive") {
        return Err(Failure::usage(
            "--derive is for --app, or for a session that --save-session keeps",
        ));
    }
    Ok(())
}

struct TokenCall<'a> {
    client: BankEzyClient,
    transport: &'a TransportArgs,
    exchange: &'a ExchangeArgs,
    pair: Arc<KeyPair>,
    derivation: Option<Derivation<'a>>,
}

impl TokenCall<'_> {
    async fn app_token(&self, args: &AppArgs) -> Result<(TokenAnswer, Keys), Failure> {
        let api_key = keys::needed_text(&args.api_key, "apiKey")?;
        let secret = keys::needed_text(&args.secret, "secret")?;
        let credentials = AppCredentials {
            api_key: api_key.as_str(),
            secret: secret.as_str(),
        };
        let derivation = match (self.derivation, self.pair.public_key().key_type()) {
            (Some(derivation), _) => derivation,
            // RSA needs no derivation.
            (None, KeyType::Rsa) => Derivation::RawSharedSecret,
            (None, _) => {
                return Err(Failure::usage(
                    "missing required argument: `--derive NAME`; the key derivation is not documented, \
                     and `bankezy diagnose` finds it from a captured message",
                ));
            }
        };
        let session = self
            .client
            .app_token(&credentials, Arc::clone(&self.pair), &derivation)
            .await
            .map_err(|error| remote::call_failure(error, self.transport))?;
        let keys = self.exchanged(&session.answer, Some(derivation))?;
        Ok((session.answer, keys.unwrap_or(Keys::Static)))
    }

    async fn user_token(
        &self,
        args: &TokenArgs,
        onboarding: Option<&OnboardingArgs>,
        data: &BTreeMap<String, String>,
    ) -> Result<(TokenAnswer, Keys), Failure> {
        let channel = Keys::Static.channel(&args.secret, &self.pair.backend())?;
        let args = &args.user;
        let sdk_api_key = keys::needed_text(&args.sdk_api_key, "sdkApiKey")?;
        let reference = match &args.reference_id {
            Some(reference) => reference.clone(),
            None => random_uuid()?,
        };
        let public_key = self.pair.public_key().to_wire();
        let account = args.account_number;
        let account = account.ok_or_else(|| usage::missing(&["account_number"]))?;
        let mut request =
            TokenRequest::new(&reference, &public_key, sdk_api_key.as_str(), account)?;
        let texts = [
            (&args.first_name, TokenRequest::with_first_name as With<'_>),
            (&args.last_name, TokenRequest::with_last_name),
            (&args.email, TokenRequest::with_email),
        ];
        let more = onboarding.map(|args| -> [(_, With<'_>); 4] {
            [
                (&args.gender, TokenRequest::with_gender),
                (&args.zip_code, TokenRequest::with_zip_code),
                (
                    &args.preferred_language,
                    TokenRequest::with_preferred_language,
                ),
                (&args.kyc_level, TokenRequest::with_kyc_level),
            ]
        });
        for (value, with) in texts.into_iter().chain(more.into_iter().flatten()) {
            if let Some(value) = value {
                request = with(request, value);
            }
        }
        match (&args.isd_code, &args.mobile_number) {
            (Some(isd_code), Some(number)) => {
                request = request.with_mobile(isd_code, number)?;
            }
            (None, None) => {}
            _ => {
                return Err(Failure::usage(
                    "give both --isd-code and --mobile-number, or neither",
                ));
            }
        }
        if let Some(dob) = args.dob {
            request = request.with_dob(dob);
        }
        // Entries of the command line override those of the settings file.
        let given = args.data.iter().map(|(name, value)| (name, value));
        let data: BTreeMap<_, _> = data.iter().chain(given).collect();
        for (name, value) in data {
            request = request.with_data(name, value);
        }

        let answer = if onboarding.is_some() {
            self.client.onboarding_token(&request, &channel).await
        } else {
            self.client.get_token(&request, &channel).await
        };
        let mut answer = answer.map_err(|error| remote::call_failure(error, self.transport))?;
        // The documented answers leave out what Renew and Invalidate need.
        answer.account_number = answer.account_number.or(Some(account.get().to_string()));
        answer.token_reference_id = answer.token_reference_id.or(Some(reference.clone()));
        let keys = self.exchanged(&answer, self.derivation)?;
        Ok((answer, keys.unwrap_or(Keys::Static)))
    }

    /// The exchanged keys, if there is everything they need.
    fn exchanged(
        &self,
        answer: &TokenAnswer,
        derivation: Option<Derivation<'_>>,
    ) -> Result<Option<Keys>, Failure> {
        let Some(server) = &answer.server_public_key else {
            return Ok(None);
        };
        Ok(match (self.pair.public_key().key_type(), derivation) {
            (KeyType::P256, Some(derivation)) => {
                let server = PublicKey::from_wire(server)?;
                Some(Keys::Agreed(self.pair.agree(&server, &derivation)?))
            }
            (KeyType::Rsa, _) => {
                let place = self.exchange.private_key.place();
                place.map(|private_key| Keys::KeyTransport {
                    server_pub_key: server.clone(),
                    private_key: private_key.clone(),
                })
            }
            _ => None,
        })
    }
}

/// Sets one optional text of a request.
type With<'a> = fn(TokenRequest<'a>, &'a str) -> TokenRequest<'a>;

/// The derivation, if one is named. Without one, no input of a derivation may be given.
fn derivation(args: &DerivationArgs) -> Result<Option<Derivation<'_>>, Failure> {
    let inputs = &args.inputs;
    let given = [&inputs.apu, &inputs.apv, &inputs.salt, &inputs.info];
    if args.derive.is_none() && given.into_iter().any(Option::is_some) {
        return Err(Failure::usage(
            "--apu, --apv, --salt and --info need --derive",
        ));
    }
    keys::derivation(args)
}

/// A UUID of version 4 (RFC 9562 section 5.4).
pub(crate) fn random_uuid() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| Failure::operation("the system gives no random numbers"))?;
    Ok(uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string())
}
