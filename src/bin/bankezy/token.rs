//! `bankezy token bankezy`: Get Token and Get App Token.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use bankezy_crypto::client::BankEzyClient;
use bankezy_crypto::providers::Token;
use bankezy_crypto::providers::bankezy::{
    AccountNumber, AppCredentials, Channel, DateOfBirth, TokenAnswer, TokenRequest,
};
use bankezy_crypto::{Derivation, KeyKind, KeyPair, PublicKey, SecretBytes};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Serialize, Serializer};

use crate::args::{AgreementArgs, BackendArg, BankezyToken, Derive};
use crate::failure::Failure;
use crate::session::{self, Keys};
use crate::settings::Settings;
use crate::{files, keys, remote};

const AGREEMENT_TEXTS: [&str; 4] = ["apu", "apv", "salt", "info"];

pub(crate) fn run(args: &BankezyToken) -> Result<(), Failure> {
    let settings = Settings::read(&args.flags(), args.server.config.as_deref())?;
    if let Some(path) = &args.save_session {
        files::check_private(path, args.force)?;
    }
    let backend = keys::backend(&BackendArg { backend: None })?;
    let pair = Arc::new(match settings.path("private_key")? {
        Some(path) => keys::private_key(&path, backend)?,
        None => KeyPair::generate_with_backend(backend)?,
    });
    let agreement = agreement(&settings)?;
    let call = TokenCall {
        client: remote::connect(&settings)?,
        derivation: keys::derivation(&agreement)?,
        settings: &settings,
        data: &args.data,
        pair,
    };
    let runtime = remote::runtime(tokio::runtime::Builder::new_current_thread())?;
    let (answer, session_keys) = match settings.is_set("app")? {
        true => runtime.block_on(call.app_token())?,
        false => runtime.block_on(call.get_token())?,
    };
    if let Some(path) = &args.save_session {
        session::save(path, args.force, &settings, &answer, &session_keys)?;
    }
    print(&answer, args.reveal)
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
        let derivation = match (self.derivation, self.pair.public_key().kind()) {
            (Some(derivation), _) => derivation,
            // RSA derives nothing.
            (None, KeyKind::Rsa) => Derivation::RawSharedSecret,
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

    async fn get_token(&self) -> Result<(TokenAnswer, Keys), Failure> {
        let settings = self.settings;
        let backend = self.pair.backend();
        let channel = Channel::from_secret(&remote::payload_secret(settings)?, &backend)?;
        let sdk_api_key = settings.needed_source("sdk_api_key_file", "sdk_api_key_env")?;
        let sdk_api_key = sdk_api_key.read()?;
        let reference = match settings.text("reference_id")? {
            Some(reference) => reference,
            None => random_uuid()?,
        };
        let public_key = self.pair.public_key().to_wire();
        let account = settings.needed("account_number")?;
        let account = AccountNumber::parse(&account).map_err(remote::request_failure)?;
        let sdk_api_key = keys::text(&sdk_api_key, "sdkApiKey")?;
        let mut request = TokenRequest::new(&reference, &public_key, sdk_api_key, account)
            .map_err(remote::request_failure)?;

        let [first_name, last_name, email] =
            ["first_name", "last_name", "email"].map(|name| settings.text(name));
        let (first_name, last_name, email) = (first_name?, last_name?, email?);
        if let Some(text) = &first_name {
            request = request.with_first_name(text);
        }
        if let Some(text) = &last_name {
            request = request.with_last_name(text);
        }
        if let Some(text) = &email {
            request = request.with_email(text);
        }
        match (settings.text("isd_code")?, settings.text("mobile_number")?) {
            (Some(isd_code), Some(number)) => {
                request = request
                    .with_mobile(&isd_code, &number)
                    .map_err(remote::request_failure)?;
            }
            (None, None) => {}
            _ => {
                return Err(Failure::usage("--isd-code and --mobile-number go together"));
            }
        }
        if let Some(dob) = settings.text("dob")? {
            let date = dob.parse().ok().filter(|_| dob.len() == 8);
            let date = date.ok_or_else(|| Failure::usage("--dob is a date as YYYYMMDD"))?;
            let date = DateOfBirth::from_yyyymmdd(date).map_err(remote::request_failure)?;
            request = request.with_dob(date);
        }
        let data = settings.data(self.data)?;
        for (name, value) in &data {
            request = request.with_data(name, value);
        }

        let answer = self
            .client
            .get_token(&request, &channel)
            .await
            .map_err(remote::call_failure)?;
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
        Ok(match (self.pair.public_key().kind(), derivation) {
            (KeyKind::P256, Some(derivation)) => {
                let server = PublicKey::from_wire(server)?;
                Some(Keys::Agreed(self.pair.agree(&server, &derivation)?))
            }
            (KeyKind::Rsa, _) => Some(Keys::KeyTransport {
                server_pub_key: server.clone(),
            }),
            _ => None,
        })
    }
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
        private_key: None::<PathBuf>,
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
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let [a, b, c, d, e] = [0..4, 4..6, 6..8, 8..10, 10..16].map(|range| hex(&bytes[range]));
    Ok(format!("{a}-{b}-{c}-{d}-{e}"))
}

fn print(answer: &TokenAnswer, reveal: bool) -> Result<(), Failure> {
    let masked = masked(&answer.token);
    let expires_at = answer
        .token
        .expires_at()
        .map(session::rfc3339)
        .transpose()?;
    let code = |code: &Option<_>| code.as_ref().map(ToString::to_string);
    let (outer, inner) = (code(&answer.outcome.code), code(&answer.outcome.inner_code));
    let shown = Shown([
        (
            "token",
            Some(match reveal {
                true => answer.token.as_str(),
                false => &masked,
            }),
        ),
        ("expiresAt", expires_at.as_deref()),
        ("serverPubKey", answer.server_public_key.as_deref()),
        ("referenceId", answer.reference_id.as_deref()),
        ("tokenReferenceId", answer.token_reference_id.as_deref()),
        ("accountNumber", answer.account_number.as_deref()),
        ("code", outer.as_deref()),
        ("innerCode", inner.as_deref()),
    ]);
    let mut json = SecretBytes::new();
    serde_json::to_writer_pretty(&mut json, &shown)
        .map_err(|_| Failure::operation("the answer cannot be written as JSON"))?;
    files::print(printable(keys::text(&json, "the answer")?)?.as_bytes())
}

/// JSON that says the same to a program, and to a terminal nothing but what is seen.
fn printable(json: &str) -> Result<SecretBytes, Failure> {
    let mut shown = SecretBytes::new();
    json.chars()
        .try_for_each(|character| match character {
            '\n' | ' '..='~' | '…' => write!(shown, "{character}"),
            other => other
                .encode_utf16(&mut [0; 2])
                .iter()
                .try_for_each(|unit| write!(shown, "\\u{unit:04x}")),
        })
        .and_then(|()| shown.write_all(b"\n"))
        .map_err(|_| Failure::operation("the answer cannot be written"))?;
    Ok(shown)
}

/// Enough to tell which kind of token it is.
pub(crate) fn masked(token: &Token) -> String {
    let text = token.as_str();
    let (scheme, bare) = match text.strip_prefix("Bearer ") {
        Some(bare) => ("Bearer ", bare),
        None => ("", text),
    };
    let length = text.chars().count();
    // Of a short one, its beginning is a good part.
    let shown: String = match length {
        0..32 => String::new(),
        _ => bare.chars().take(4).collect(),
    };
    format!("{scheme}{shown}…({length} characters)")
}

/// An object in this order; what is missing is null.
struct Shown<'a>([(&'static str, Option<&'a str>); 8]);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_drives_no_terminal() {
        let json = "\"…\u{9b}31m\u{202e}\u{1f600}\u{7f}\"";
        let shown = printable(json).unwrap();
        let shown = std::str::from_utf8(shown.as_bytes()).unwrap();
        assert_eq!(shown, "\"…\\u009b31m\\u202e\\ud83d\\ude00\\u007f\"\n");
        let back: String = serde_json::from_str(shown).unwrap();
        assert_eq!(back, "…\u{9b}31m\u{202e}\u{1f600}\u{7f}");
    }

    #[test]
    fn of_a_short_token_nothing_is_shown() {
        let mask = |text: &str| masked(&Token::new(text.to_owned().into(), None));
        assert_eq!(mask("hunter2"), "…(7 characters)");
        assert_eq!(
            mask(&format!("Bearer eyJh{}", "x".repeat(89))),
            "Bearer eyJh…(100 characters)"
        );
    }
}
