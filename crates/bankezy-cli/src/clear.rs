//! `bankezy token faceki`, `complycube` and `sardine`: token APIs in clear JSON, inside TLS alone.

use std::time::SystemTime;

use bankezy_crypto::providers::complycube::{self, ComplyCube, MatchPattern, Sdk};
use bankezy_crypto::providers::faceki::{self, Faceki};
use bankezy_crypto::providers::sardine::{self, Platform, Provider, Sardine};
use bankezy_crypto::providers::{BaseUrl, CallError, TokenApi};

use bankezy_client::{Client, ProviderError};

use crate::args::{ComplycubeToken, FacekiToken, SardineToken};
use crate::failure::Failure;
use crate::remote;
use crate::settings::{Settings, missing};
use crate::{answer, keys, scope, transport};

pub(crate) fn faceki(args: &FacekiToken) -> Result<(), Failure> {
    let settings = Settings::read(&scope::FACEKI, &args.flags(), &args.common.config)?;
    let client_id = settings.needed("client_id")?;
    let secret = settings
        .needed_source("client_secret_file", "client_secret_env")?
        .read()?;
    let secret = keys::text(&secret, "the client secret")?;
    let mut api = Faceki::new(&client_id, secret)?;
    if settings.is_set("credentials_in_headers")? {
        api = api.with_credentials_in_headers();
    }
    let server = Server::find(&settings, Some(faceki::BASE_URL))?;
    let api = api.with_base_url(server.base.clone());
    let token = server.token(&api, &())?;
    answer::print_clear_token(&token, args.common.reveal, &[])
}

pub(crate) fn complycube(args: &ComplycubeToken) -> Result<(), Failure> {
    let settings = Settings::read(&scope::COMPLYCUBE, &args.flags(), &args.common.config)?;
    let api_key = settings
        .needed_source("api_key_file", "api_key_env")?
        .read()?;
    let api_key = keys::text(&api_key, "the API key")?;
    let client_id = settings.needed("client_id")?;
    let sdk = match settings.find(&["referrer", "app_id"])? {
        Some(("referrer", _)) => {
            let pattern = settings.needed("referrer")?;
            let referrer = MatchPattern::parse(&pattern)?;
            Sdk::Web { referrer }
        }
        Some(_) => Sdk::Mobile {
            app_id: settings.needed("app_id")?,
        },
        None => return Err(missing("--referrer or --app-id")),
    };
    let request = complycube::TokenRequest::new(&client_id, sdk)?;
    let api = ComplyCube::new(api_key)?;
    let server = Server::find(&settings, Some(complycube::BASE_URL))?;
    let api = api.with_base_url(server.base.clone());
    let token = server.token(&api, &request)?;
    answer::print_clear_token(&token, args.common.reveal, &[])
}

pub(crate) fn sardine(args: &SardineToken) -> Result<(), Failure> {
    let settings = Settings::read(&scope::SARDINE, &args.flags(), &args.common.config)?;
    let client_id = settings.needed("client_id")?;
    let secret = settings
        .needed_source("client_secret_file", "client_secret_env")?
        .read()?;
    let secret = keys::text(&secret, "the client secret")?;
    let request = sardine_request(&settings)?;
    let server = match settings.find(&["base_url", "sandbox"])? {
        Some(("sandbox", _)) if settings.is_set("sandbox")? => {
            Server::at(&settings, sardine::SANDBOX_BASE_URL)?
        }
        Some(_) => Server::find(&settings, None)?,
        None => return Err(missing("--sandbox or --base-url")),
    };
    let api = Sardine::new(server.base.clone(), &client_id, secret)?;
    let found = server.token(&api, &request)?;
    let more = [
        ("scope", found.scope.as_deref()),
        ("incodeSdkBaseUrl", found.incode_sdk_base_url.as_deref()),
        ("verificationId", found.verification_id.as_deref()),
    ];
    answer::print_clear_token(&found.token, args.common.reveal, &more)
}

fn sardine_request(settings: &Settings) -> Result<sardine::TokenRequest, Failure> {
    let session_key = settings
        .needed_source("session_key_file", "session_key_env")?
        .read()?;
    let session_key = keys::text(&session_key, "the session key")?;
    let mut request = sardine::TokenRequest::new(session_key)?;
    if let Some(customer_id) = settings.text("customer_id")? {
        let with = request.with_customer_id(&customer_id);
        request = with?;
    }
    if let Some(platform) = settings.text("platform")? {
        request = request.with_platform(Platform::new(&platform)?);
    }
    if let Some(provider) = settings.text("provider")? {
        request = request.with_provider(Provider::new(&provider)?);
    }
    Ok(request)
}

/// Where an API is, and the client for it.
struct Server {
    base: BaseUrl,
    client: Client,
}

impl Server {
    /// Where the settings say, else where it is documented to be.
    fn find(settings: &Settings, documented: Option<&str>) -> Result<Self, Failure> {
        match (settings.text("base_url")?, documented) {
            (Some(base_url), _) => Self::at(settings, &base_url),
            (None, Some(documented)) => Self::at(settings, documented),
            (None, None) => Err(missing("--base-url")),
        }
    }

    fn at(settings: &Settings, base_url: &str) -> Result<Self, Failure> {
        Ok(Self {
            base: BaseUrl::parse(base_url)?,
            client: transport::client(settings, base_url.starts_with("https"))?,
        })
    }

    fn token<A: TokenApi>(&self, api: &A, request: &A::Request) -> Result<A::Answer, Failure> {
        let response = remote::runtime(tokio::runtime::Builder::new_current_thread())?
            .block_on(self.client.execute(|| Ok(api.request(request)?)))
            .map_err(|error| match error {
                ProviderError::Request(error) => error.into(),
                ProviderError::Transport(error) => transport::failure(&error),
                error => Failure::operation(error.to_string()),
            })?;
        api.response(request, &response, SystemTime::now())
            .map_err(|error| refusal(&error))
    }
}

/// A refusal by its documented codes. The server's own text is not shown: anyone may have written it.
fn refusal(error: &CallError) -> Failure {
    let hint = match (error.status().map(|status| status.as_u16()), error) {
        (Some(401 | 403), _) => "; check the credentials",
        (Some(404), _) => "; check --base-url",
        (Some(400), CallError::Plain(_)) => "; check what the token is asked for with",
        _ => "",
    };
    Failure::operation(format!("{error}{hint}"))
}
