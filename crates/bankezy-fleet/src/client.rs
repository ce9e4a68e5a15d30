//! The client of the crate `redis` that a configuration asks for: its address and its certificates.

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates};
use rustls::crypto::aws_lc_rs;

use crate::config::FleetConfig;
use crate::error::FleetError;
use crate::identity::certificates;

pub(crate) fn of(config: &FleetConfig) -> Result<Client, FleetError> {
    let url = config.url.as_str();
    let info = url.into_connection_info().map_err(|_| FleetError::Url)?;
    // Otherwise `redis` would take no notice of what is there: parameters, and a password in the place of the user.
    let has_parameters = url.contains(['?', '#']);
    let settings = info.redis_settings();
    let has_user_alone = settings.username().is_some() && settings.password().is_none();
    if has_parameters || has_user_alone || matches!(info.addr(), ConnectionAddr::Unix(_)) {
        return Err(FleetError::Url);
    }
    to(info, config)
}

/// With the configuration's certificates.
pub(crate) fn to(info: ConnectionInfo, config: &FleetConfig) -> Result<Client, FleetError> {
    let (roots, identity) = (&config.root_certificates, &config.identity);
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        // Whoever gives certificates expects TLS.
        if roots.is_some() || identity.is_some() {
            return Err(FleetError::NoTls);
        }
        return Client::open(info).map_err(|_| FleetError::Url);
    }
    // `redis` takes the process's provider. If another one was installed, that stays.
    let _ = aws_lc_rs::default_provider().install_default();
    // With none at all no server would ever be accepted.
    if roots
        .as_ref()
        .is_some_and(|pem| certificates(pem).is_none())
    {
        return Err(FleetError::Certificates);
    }
    let client_tls = identity.as_ref().map(|identity| identity.for_redis());
    let client_tls = client_tls.transpose().map_err(FleetError::Identity)?;
    let certificates = TlsCertificates {
        client_tls,
        root_cert: roots.clone(),
    };
    Client::build_with_tls(info, certificates).map_err(|_| FleetError::Certificates)
}
