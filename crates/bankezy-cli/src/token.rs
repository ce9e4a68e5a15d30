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
    OutputArgs, SecretArg as _, SecretArgs, ServerArgs, UserArgs,
};
use crate::failure::Failure;
use crate::session::{self, Keys};
use crate::settings::Settings;
use crate::{answer, files, keys, remote, renew, usage};

pub(crate) fn run(args: &BankezyToken, settings: Settings) -> Result<(), Failure> {
    let (which, server, exchange, output) = match &args.call {
        Some(BankezyCall::Renew(args)) => return renew::renew(args, settings),
        Some(BankezyCall::Invalidate(args)) => return renew::invalidate(args, settings),
        Some(BankezyCall::Onboarding(args)) => (
            Which::User(&args.user, &args.secret, Some(&args.onboarding)),
            &args.server,
            &args.exchange,
            &args.output,
        ),
        None => (
            if args.app.app {
                Which::App(&args.app)
            } else {
                Which::User(&args.user, &args.secret, None)
            },
            &args.server,
            &args.exchange,
            &args.output,
        ),
    };
    new_token(which, server, exchange, output, &settings)
}

#[derive(Clone, Copy)]
enum Which<'a> {
    /// Get App Token.
    App(&'a AppArgs),
    /// Get Token, or Onboarding user token.
    User(&'a UserArgs, &'a SecretArgs, Option<&'a OnboardingArgs>),
}

fn new_token(
    which: Which<'_>,
    server: &ServerArgs,
    exchange: &ExchangeArgs,
    output: &OutputArgs,
    settings: &Settings,
) -> Result<(), Failure> {
    if let Some(path) = &output.save_session {
        files::check_private(path, "--save-session", output.force)?;
    }
    let client = remote::connect(server)?;
    let derivation = derivation(&exchange.derivation)?;
    let backend = keys::backend(&BackendArg { backend: None })?;
    // A new key takes longer than all that is refused before it.
    let pair = Arc::new(match exchange.private_key.place() {
        Some(place) => keys::private_key(&place.read()?, backend)?,
        None => KeyPair::generate_with_backend(backend)?,
    });
    let call = TokenCall {
        client,
        exchange,
        pair,
        derivation,
    };
    let runtime = remote::runtime(tokio::runtime::Builder::new_current_thread())?;
    let (answer, session_keys) = match which {
        Which::App(app) => runtime.block_on(call.app_token(app))?,
        Which::User(user, secret, onboarding) => {
            runtime.block_on(call.user_token(user, secret, onboarding, &settings.data))?
        }
    };
    if let Some(path) = &output.save_session {
        session::save(path, output.force, &settings.values, &answer, &session_keys)?;
    }
    answer::print_token(&answer, output.reveal)
}

struct TokenCall<'a> {
    client: BankEzyClient,
    exchange: &'a ExchangeArgs,
    pair: Arc<KeyPair>,
    derivation: Option<Derivation<'a>>,
}

impl TokenCall<'_> {
    async fn app_token(&self, args: &AppArgs) -> Result<(TokenAnswer, Keys), Failure> {
        let api_key = keys::needed(&args.api_key)?;
        let secret = keys::needed(&args.secret)?;
        let credentials = AppCredentials {
            api_key: keys::text(&api_key, "apiKey")?,
            secret: keys::text(&secret, "secret")?,
        };
        let derivation = match (self.derivation, self.pair.public_key().key_type()) {
            (Some(derivation), _) => derivation,
            // RSA derives nothing.
            (None, KeyType::Rsa) => Derivation::RawSharedSecret,
            (None, _) => {
                return Err(Failure::usage(
                    "--derive is missing: how the key comes from the shared secret is documented \
                     nowhere, and `bankezy diagnose` finds it out",
                ));
            }
        };
        let session = self
            .client
            .app_token(&credentials, Arc::clone(&self.pair), &derivation)
            .await
            .map_err(remote::call_failure)?;
        let keys = self.exchanged(&session.answer, Some(derivation))?;
        Ok((session.answer, keys.unwrap_or(Keys::Static)))
    }

    async fn user_token(
        &self,
        args: &UserArgs,
        secret: &SecretArgs,
        onboarding: Option<&OnboardingArgs>,
        data: &BTreeMap<String, String>,
    ) -> Result<(TokenAnswer, Keys), Failure> {
        let channel = Keys::Static.channel(secret, &self.pair.backend())?;
        let sdk_api_key = keys::needed(&args.sdk_api_key)?;
        let sdk_api_key = keys::text(&sdk_api_key, "sdkApiKey")?;
        let reference = match &args.reference_id {
            Some(reference) => reference.clone(),
            None => random_uuid()?,
        };
        let public_key = self.pair.public_key().to_wire();
        let account = args.account_number;
        let account = account.ok_or_else(|| usage::missing(&["account_number"]))?;
        let mut request = TokenRequest::new(&reference, &public_key, sdk_api_key, account)?;
        for (value, with) in texts(args, onboarding) {
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
                return Err(Failure::usage("--isd-code and --mobile-number go together"));
            }
        }
        if let Some(dob) = args.dob {
            request = request.with_dob(dob);
        }
        // Entries of the command line win over those of the settings file.
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
        let answer = answer.map_err(remote::call_failure)?;
        let keys = self.exchanged(&answer, self.derivation)?;
        Ok((answer, keys.unwrap_or(Keys::Static)))
    }

    /// The keys exchanged on the way, where there is what it takes.
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

/// The optional texts of a request.
fn texts<'a>(
    user: &'a UserArgs,
    onboarding: Option<&'a OnboardingArgs>,
) -> impl Iterator<Item = (&'a Option<String>, With<'a>)> {
    let texts: [(_, With<'a>); 3] = [
        (&user.first_name, TokenRequest::with_first_name),
        (&user.last_name, TokenRequest::with_last_name),
        (&user.email, TokenRequest::with_email),
    ];
    let more = onboarding.map(|args| -> [(_, With<'a>); 4] {
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
    texts.into_iter().chain(more.into_iter().flatten())
}

/// The derivation, if one is named. Without a name nothing may be given that goes into one.
fn derivation(args: &DerivationArgs) -> Result<Option<Derivation<'_>>, Failure> {
    let given = [&args.apu, &args.apv, &args.salt, &args.info];
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
