//! `bankezy token faceki`, `complycube` and `sardine`: token APIs in unencrypted JSON, which only TLS protects.

use std::time::SystemTime;

use bankezy_crypto::providers::complycube::{self, ComplyCube, Sdk};
use bankezy_crypto::providers::faceki::Faceki;
use bankezy_crypto::providers::sardine::{self, Sardine};
use bankezy_crypto::providers::{CallError, TokenApi};

use bankezy_client::ProviderError;

use crate::args::{Base, ComplycubeToken, FacekiToken, PlainJsonArgs, SardineToken};
use crate::failure::Failure;
use crate::{answer, keys, remote, transport, usage};

pub(crate) fn faceki(args: &FacekiToken) -> Result<(), Failure> {
    let client_id = client_id(&args.client_id)?;
    let secret = keys::needed_text(&args.client_secret, "the client secret")?;
    let mut api = Faceki::new(client_id, secret.as_str())?;
    if args.credentials_in_headers {
        api = api.with_credentials_in_headers();
    }
    let api = api.with_base_url(args.base_url.url.clone());
    let token = args.common.token(&args.base_url, &api, &())?;
    answer::print_plain_json(&token, args.common.reveal, &[])
}

pub(crate) fn complycube(args: &ComplycubeToken) -> Result<(), Failure> {
    let api_key = keys::needed_text(&args.api_key, "the API key")?;
    let client_id = client_id(&args.client_id)?;
    let sdk = match (&args.sdk.referrer, &args.sdk.app_id) {
        (Some(referrer), _) => Sdk::Web {
            referrer: referrer.clone(),
        },
        (None, Some(app_id)) => Sdk::Mobile {
            app_id: app_id.clone(),
        },
        (None, None) => return Err(usage::missing(&["referrer", "app_id"])),
    };
    let request = complycube::TokenRequest::new(client_id, sdk)?;
    let api = ComplyCube::new(api_key.as_str())?;
    let api = api.with_base_url(args.base_url.url.clone());
    let token = args.common.token(&args.base_url, &api, &request)?;
    answer::print_plain_json(&token, args.common.reveal, &[])
}

pub(crate) fn sardine(args: &SardineToken) -> Result<(), Failure> {
    let client_id = client_id(&args.client_id)?;
    let secret = keys::needed_text(&args.client_secret, "the client secret")?;
    let request = sardine_request(args)?;
    let base = match &args.server.base_url {
        Some(base) => base.clone(),
        None if args.server.sandbox => sardine::SANDBOX_BASE_URL.parse()?,
        None => return Err(usage::missing(&["sandbox", "base_url"])),
    };
    let api = Sardine::new(base.url.clone(), client_id, secret.as_str())?;
    let found = args.common.token(&base, &api, &request)?;
    let more = answer::sardine_members(&found);
    answer::print_plain_json(&found.token, args.common.reveal, &more)
}

fn sardine_request(args: &SardineToken) -> Result<sardine::TokenRequest, Failure> {
    let session_key = keys::needed_text(&args.session_key, "the session key")?;
    let mut request = sardine::TokenRequest::new(session_key.as_str())?;
    if let Some(customer_id) = &args.customer_id {
        let with = request.with_customer_id(customer_id);
        request = with?;
    }
    if let Some(platform) = &args.platform {
        request = request.with_platform(platform.clone());
    }
    if let Some(provider) = &args.provider {
        request = request.with_provider(provider.clone());
    }
    Ok(request)
}

fn client_id(given: &Option<String>) -> Result<&str, Failure> {
    given
        .as_deref()
        .ok_or_else(|| usage::missing(&["client_id"]))
}

impl PlainJsonArgs {
    fn token<A: TokenApi>(
        &self,
        base: &Base,
        api: &A,
        request: &A::Request,
    ) -> Result<A::Answer, Failure> {
        let client = transport::client(&self.transport, base)?;
        let response =
            remote::block_on(client.execute(|| Ok(api.request(request)?)))?.map_err(|error| {
                match error {
                    ProviderError::Request(error) => error.into(),
                    ProviderError::Transport(error) => transport::failure(&error),
                    error => Failure::operation(error.to_string()),
                }
            })?;
        api.response(request, &response, SystemTime::now())
            .map_err(|error| refusal(&error).and(&remote::unauthenticated(&error, &self.transport)))
    }
}

/// A refusal by its documented codes. The server's own text is shown on request: anyone may have written it.
fn refusal(error: &CallError) -> Failure {
    let hint = match (error.status().map(|status| status.as_u16()), error) {
        (Some(401 | 403), _) => "; check the credentials",
        (Some(404), _) => "; check --base-url",
        (Some(400), CallError::Plain(_)) => "; check the arguments of the request",
        _ => "",
    };
    Failure::operation(format!("{error}{hint}"))
}
