//! The HTTP client that the settings describe: deadline, certificates, proxy.

use std::time::Duration;

use bankezy_client::{
    Client, ClientBuilder, ClientError, ClientErrorKind, ConnectProblem, Setting, TlsProblem,
};
use bankezy_crypto::{SecretBytes, SecretText};
use http::Uri;

use crate::failure::Failure;
use crate::settings::Settings;
use crate::{files, keys, shown};

/// Largest file of certificates that is read.
const MAX_CERTIFICATES: usize = 4 * 1024 * 1024;

pub(crate) fn client(settings: &Settings, https: bool) -> Result<Client, Failure> {
    let builder = Client::builder();
    let builder = with_deadline(builder, settings)?;
    let builder = with_roots(builder, settings, https)?;
    let builder = with_identity(builder, settings)?;
    let builder = with_proxy(builder, settings)?;
    builder.build().map_err(|error| failure(&error))
}

fn with_deadline(builder: ClientBuilder, settings: &Settings) -> Result<ClientBuilder, Failure> {
    let Some(text) = settings.text("timeout")? else {
        return Ok(builder);
    };
    let seconds: u64 = text
        .parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| {
            let shown = shown::quoted(shown::number(&text));
            Failure::usage(format!(
                "invalid value {shown}for {}: expected a whole number of seconds, at least 1",
                settings.from("timeout")
            ))
        })?;
    Ok(builder.deadline(Duration::from_secs(seconds)))
}

fn with_roots(
    builder: ClientBuilder,
    settings: &Settings,
    https: bool,
) -> Result<ClientBuilder, Failure> {
    let Some((name, path)) = settings.find(&["ca_file", "extra_ca_file"])? else {
        // Plain http needs no roots, and a small image has none.
        return Ok(builder.only_these_roots(!https));
    };
    let only = name == "ca_file" || !https;
    let from = settings.from(name);
    let pem = files::read_file(path.as_ref(), MAX_CERTIFICATES, &from)?;
    let pem = keys::text(&pem, &format!("the file of {from}"))?;
    Ok(builder.add_root_certificate_pem(pem).only_these_roots(only))
}

fn with_identity(builder: ClientBuilder, settings: &Settings) -> Result<ClientBuilder, Failure> {
    let certificate = settings.path("client_cert_file")?;
    let key = settings.source("client_key_file", "client_key_env")?;
    match (certificate, key) {
        (Some(path), Some(key)) => {
            let from = settings.from("client_cert_file");
            let chain = files::read_file(&path, MAX_CERTIFICATES, &from)?;
            let chain = keys::text(&chain, &format!("the file of {from}"))?;
            let key = secret_text(&key.read()?, "the key of --client-cert-file")?;
            Ok(builder.client_identity_pem(chain, key))
        }
        (None, None) => Ok(builder),
        _ => Err(Failure::usage(
            "--client-cert-file goes together with --client-key-file or --client-key-env",
        )),
    }
}

fn with_proxy(builder: ClientBuilder, settings: &Settings) -> Result<ClientBuilder, Failure> {
    let refused = || {
        Failure::usage(
            "--proxy, --proxy-file and --proxy-env take an http or https URL with a host, such as \
             http://proxy.example.com:3128",
        )
    };
    let url = match settings.find(&["proxy", "proxy_file", "proxy_env"])? {
        None => return Ok(builder),
        Some(("proxy", url)) => {
            let url = url.into_string().map_err(|_| refused())?;
            if url.contains('@') {
                return Err(Failure::usage(
                    "--proxy takes no name and password: give the URL by --proxy-file or --proxy-env",
                ));
            }
            url.into()
        }
        Some(_) => {
            let source = settings.needed_source("proxy_file", "proxy_env")?;
            secret_text(&source.read()?, "the proxy's URL")?
        }
    };
    let uri: Uri = url.as_str().parse().map_err(|_| refused())?;
    Ok(builder.proxy(uri))
}

fn secret_text(bytes: &SecretBytes, what: &str) -> Result<SecretText, Failure> {
    Ok(keys::text(bytes, what)?.to_owned().into())
}

/// What the settings caused is wrong usage, and names the flag.
pub(crate) fn failure(error: &ClientError) -> Failure {
    let usage = |flags: &str| Failure::usage(format!("{error}: check {flags}"));
    let operation = |hint: &str| Failure::operation(format!("{error}{hint}"));
    match error.kind() {
        ClientErrorKind::Configuration(setting) => match setting {
            Setting::RootCertificate => usage("--ca-file or --extra-ca-file"),
            Setting::ClientCertificate => usage("--client-cert-file"),
            Setting::ClientKey => usage("--client-key-file or --client-key-env"),
            Setting::Proxy => usage("--proxy, --proxy-file or --proxy-env"),
            Setting::SystemRoots => operation(" (--ca-file)"),
            _ => operation(""),
        },
        ClientErrorKind::Tls(problem) => match problem {
            TlsProblem::UntrustedCertificate | TlsProblem::BadCertificate => {
                operation(" (--ca-file or --extra-ca-file)")
            }
            TlsProblem::ClientCertificateRequired | TlsProblem::ClientCertificateRefused => {
                operation(" (--client-cert-file and --client-key-file)")
            }
            _ => operation(""),
        },
        ClientErrorKind::Connect(ConnectProblem::ProxyAuthentication) => {
            operation(" (--proxy-file or --proxy-env)")
        }
        _ => operation(""),
    }
}
