//! The HTTP client that the arguments describe: deadline, certificates, proxy.

use std::path::Path;
use std::time::Duration;

use bankezy_client::{
    Client, ClientBuilder, ClientError, ClientErrorKind, ConnectProblem, Setting, TlsProblem,
};
use bankezy_crypto::{SecretBytes, SecretText};
use http::Uri;

use crate::args::{Base, Place, Proxy, Roots, SecretArg as _, TransportArgs};
use crate::failure::Failure;
use crate::{files, keys};

/// Largest file of certificates that is read.
const MAX_CERTIFICATES: usize = 4 * 1024 * 1024;

pub(crate) fn client(args: &TransportArgs, base: &Base) -> Result<Client, Failure> {
    let mut builder = Client::builder();
    if let Some(seconds) = args.timeout {
        builder = builder.deadline(Duration::from_secs(seconds));
    }
    let builder = with_roots(builder, &args.roots, base.is_https)?;
    let builder = with_identity(builder, args)?;
    let builder = with_proxy(builder, &args.proxy)?;
    builder.build().map_err(|error| failure(&error))
}

fn with_roots(
    builder: ClientBuilder,
    roots: &Roots,
    https: bool,
) -> Result<ClientBuilder, Failure> {
    let Some(place) = roots.ca_file.as_ref().or(roots.extra_ca_file.as_ref()) else {
        // Plain http needs no roots, and a small image has none.
        return Ok(builder.only_these_roots(!https));
    };
    let only = roots.ca_file.is_some() || !https;
    let pem = certificates(place)?;
    Ok(builder
        .add_root_certificate_pem(keys::text(&pem, &files::named_by(&place.from))?)
        .only_these_roots(only))
}

fn certificates(place: &Place) -> Result<SecretBytes, Failure> {
    files::read_file(Path::new(&place.name), MAX_CERTIFICATES, &place.from)
}

fn with_identity(builder: ClientBuilder, args: &TransportArgs) -> Result<ClientBuilder, Failure> {
    match (&args.client_cert_file, args.client_key.place()) {
        (Some(place), Some(key)) => {
            let chain = certificates(place)?;
            let chain = keys::text(&chain, &files::named_by(&place.from))?;
            Ok(builder.client_identity_pem(chain, keys::text_of(key)?))
        }
        (None, None) => Ok(builder),
        _ => Err(Failure::usage(
            "--client-cert-file goes together with --client-key-file or --client-key-env",
        )),
    }
}

fn with_proxy(builder: ClientBuilder, proxy: &Proxy) -> Result<ClientBuilder, Failure> {
    let url: SecretText = match (
        &proxy.proxy,
        proxy.proxy_file.as_ref().or(proxy.proxy_env.as_ref()),
    ) {
        (Some(url), _) if url.contains('@') => {
            return Err(Failure::usage(
                "--proxy takes no name and password: give the URL by --proxy-file or --proxy-env",
            ));
        }
        (Some(url), _) => url.clone().into(),
        (None, Some(place)) => keys::text(&place.read()?, "the proxy's URL")?
            .to_owned()
            .into(),
        (None, None) => return Ok(builder),
    };
    let uri: Uri = url.as_str().parse().map_err(|_| {
        Failure::usage(
            "--proxy, --proxy-file and --proxy-env take an http or https URL with a host, such as \
             http://proxy.example.com:3128",
        )
    })?;
    Ok(builder.proxy(uri))
}

/// What the settings cause is wrong usage, and names the flag.
pub(crate) fn failure(error: &ClientError) -> Failure {
    let usage = |flags: &str| Failure::usage(format!("{error}: check {flags}"));
    let operation = |hint: &str| Failure::operation(format!("{error}{hint}"));
    match error.kind() {
        ClientErrorKind::Configuration(setting) => match setting {
            Setting::RootCertificate => usage("--ca-file or --extra-ca-file"),
            Setting::ClientCertificate => usage("--client-cert-file"),
            Setting::ClientKey => usage("--client-key-file or --client-key-env"),
            Setting::Proxy | Setting::ProxyParts | Setting::ProxyIdentity => {
                usage("--proxy, --proxy-file or --proxy-env")
            }
            Setting::NoProxy => usage("NO_PROXY"),
            Setting::SystemRoots => operation(" (--ca-file)"),
            _ => operation(""),
        },
        ClientErrorKind::Tls(problem) => match problem {
            TlsProblem::UntrustedCertificate | TlsProblem::BadCertificate => {
                operation(" (--ca-file or --extra-ca-file)")
            }
            TlsProblem::ClientCertificateRequired
            | TlsProblem::ClientCertificateRefused
            | TlsProblem::HandshakeRefused => {
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
