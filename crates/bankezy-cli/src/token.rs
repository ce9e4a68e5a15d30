//! `bankezy token bankezy`: Get Token, Onboarding user token and Get App Token.

use std::sync::Arc;

use bankezy_client::BankEzyClient;
use bankezy_crypto::providers::bankezy::{AppCredentials, DateOfBirth, TokenAnswer, TokenRequest};
use bankezy_crypto::{Derivation, KeyPair, KeyType, PublicKey};
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::args::{
    AgreementArgs, BackendArg, BankezyCall, BankezyToken, Derive, Onboarding, OutputArgs,
};
use crate::failure::Failure;
use crate::session::{self, Keys};
use crate::settings::{Settings, missing};
use crate::{answer, files, keys, remote, renew, scope};

const AGREEMENT_TEXTS: [&str; 4] = ["apu", "apv", "salt", "info"];

pub(crate) fn run(args: &BankezyToken) -> Result<(), Failure> {
    match &args.call {
        None => get(args),
        Some(BankezyCall::Onboarding(args)) => onboarding(args),
        Some(BankezyCall::Renew(args)) => renew::renew(args),
        Some(BankezyCall::Invalidate(args)) => renew::invalidate(args),
    }
}

/// Get Token, or Get App Token.
fn get(args: &BankezyToken) -> Result<(), Failure> {
    let settings = Settings::read(&scope::BANKEZY, &args.flags(), &args.server.config)?;
    let which = if settings.is_set("app")? {
        Which::App
    } else {
        Which::User
    };
    new_token(which, &settings, &args.user.data, &args.output)
}

fn onboarding(args: &Onboarding) -> Result<(), Failure> {
    let settings = Settings::read(&scope::BANKEZY, &args.flags(), &args.server.config)?;
    new_token(Which::Onboarding, &settings, &args.user.data, &args.output)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    User,
    Onboarding,
    App,
}

fn new_token(
    which: Which,
    settings: &Settings,
    data: &[String],
    output: &OutputArgs,
) -> Result<(), Failure> {
    if let Some(path) = &output.save_session {
        files::check_private(path, "--save-session", output.force)?;
    }
    let backend = keys::backend(&BackendArg { backend: None })?;
    let pair = Arc::new(match settings.source("private_key", "private_key_env")? {
        Some(source) => keys::private_key(&source.read()?, backend)?,
        None => KeyPair::generate_with_backend(backend)?,
    });
    let agreement = agreement(settings)?;
    let call = TokenCall {
        client: remote::connect(settings)?,
        derivation: keys::derivation(&agreement)?,
        settings,
        data,
        pair,
    };
    let runtime = remote::runtime(tokio::runtime::Builder::new_current_thread())?;
    let (answer, session_keys) = match which {
        Which::App => runtime.block_on(call.app_token())?,
        which => runtime.block_on(call.user_token(which == Which::Onboarding))?,
    };
    if let Some(path) = &output.save_session {
        session::save(path, output.force, settings, &answer, &session_keys)?;
    }
    answer::print_token(&answer, output.reveal)
}

struct TokenCall<'a> {
    client: BankEzyClient,
    settings: &'a Settings,
    data: &'a [String],
    pair: Arc<KeyPair>,
    derivation: Option<Derivation<'a>>,
}

impl TokenCall<'_> {
    async fn app_token(&self) -> Result<(TokenAnswer, Keys), Failure> {
        let settings = self.settings;
        let api_key = settings.needed_source("app_api_key_file", "app_api_key_env")?;
        let secret = settings.needed_source("app_secret_file", "app_secret_env")?;
        let (api_key, secret) = (api_key.read()?, secret.read()?);
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

    async fn user_token(&self, onboarding: bool) -> Result<(TokenAnswer, Keys), Failure> {
        let settings = self.settings;
        let channel = Keys::Static.channel(settings, &self.pair.backend())?;
        let sdk_api_key = settings.needed_source("sdk_api_key_file", "sdk_api_key_env")?;
        let sdk_api_key = sdk_api_key.read()?;
        let reference = match settings.text("reference_id")? {
            Some(reference) => reference,
            None => random_uuid()?,
        };
        let public_key = self.pair.public_key().to_wire();
        let account =
            remote::account_number(settings)?.ok_or_else(|| missing("--account-number"))?;
        let sdk_api_key = keys::text(&sdk_api_key, "sdkApiKey")?;
        let mut request = TokenRequest::new(&reference, &public_key, sdk_api_key, account)?;

        let texts = texts(onboarding);
        let values = texts.iter().map(|(name, _)| settings.text(name));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        for ((_, with), value) in texts.iter().zip(&values) {
            if let Some(value) = value {
                request = with(request, value);
            }
        }
        match (settings.text("isd_code")?, settings.text("mobile_number")?) {
            (Some(isd_code), Some(number)) => {
                request = request.with_mobile(&isd_code, &number)?;
            }
            (None, None) => {}
            _ => {
                return Err(Failure::usage("--isd-code and --mobile-number go together"));
            }
        }
        if let Some(dob) = settings.text("dob")? {
            let date = dob.parse().ok().filter(|_| dob.len() == 8);
            let date = date.ok_or_else(|| {
                Failure::usage(
                    "invalid value for --dob: expected a date as YYYYMMDD, such as 19900131",
                )
            })?;
            let date = DateOfBirth::from_yyyymmdd(date)?;
            request = request.with_dob(date);
        }
        let data = settings.data(self.data)?;
        for (name, value) in &data {
            request = request.with_data(name, value);
        }

        let answer = if onboarding {
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
            (KeyType::Rsa, _) => Some(Keys::KeyTransport {
                server_pub_key: server.clone(),
            }),
            _ => None,
        })
    }
}

/// Sets one optional text of a request.
type With<'a> = fn(TokenRequest<'a>, &'a str) -> TokenRequest<'a>;

/// The optional texts, by the names of their settings.
fn texts<'a>(onboarding: bool) -> Vec<(&'static str, With<'a>)> {
    let mut texts: Vec<(_, With<'a>)> = vec![
        ("first_name", TokenRequest::with_first_name),
        ("last_name", TokenRequest::with_last_name),
        ("email", TokenRequest::with_email),
    ];
    if onboarding {
        texts.extend::<[(_, With<'a>); 4]>([
            ("gender", TokenRequest::with_gender),
            ("zip_code", TokenRequest::with_zip_code),
            ("preferred_language", TokenRequest::with_preferred_language),
            ("kyc_level", TokenRequest::with_kyc_level),
        ]);
    }
    texts
}

/// The derivation and what goes into it, in the form of the other commands' arguments.
fn agreement(settings: &Settings) -> Result<AgreementArgs, Failure> {
    let derive: Option<Derive> = settings.choice("derive")?;
    let [apu, apv, salt, info] = AGREEMENT_TEXTS.map(|name| settings.text(name));
    let (apu, apv, salt, info) = (apu?, apv?, salt?, info?);
    let given = [&apu, &apv, &salt, &info];
    if derive.is_none() && given.into_iter().any(Option::is_some) {
        return Err(Failure::usage(
            "--apu, --apv, --salt and --info need --derive",
        ));
    }
    Ok(AgreementArgs {
        private_key: None,
        private_key_env: None,
        peer: None,
        derive,
        apu,
        apv,
        salt,
        info,
    })
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
