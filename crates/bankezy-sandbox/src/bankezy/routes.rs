//! The paths, as documented.

use super::super::credentials::ECHO_PATH;
use super::super::state::Endpoint;

/// Which shape of answer a path gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Version {
    V1,
    V2,
}

/// A path and what it does.
#[derive(Debug)]
pub(in super::super) struct Route {
    pub(in super::super) path: &'static str,
    pub(in super::super) endpoint: Endpoint,
    pub(super) version: Version,
}

const fn route(path: &'static str, endpoint: Endpoint, version: Version) -> Route {
    Route {
        path,
        endpoint,
        version,
    }
}

pub(in super::super) static ROUTES: &[Route] = &[
    route(
        "/token-service/client/server/new/token",
        Endpoint::GetToken,
        Version::V1,
    ),
    route(
        "/token-service/client/server/new/v2/token",
        Endpoint::GetToken,
        Version::V2,
    ),
    route(
        "/onboarding/user/token",
        Endpoint::OnboardingUserToken,
        Version::V1,
    ),
    // Not documented: this crate's own, after the pattern of the others.
    route(
        "/onboarding/user/v2/token",
        Endpoint::OnboardingUserToken,
        Version::V2,
    ),
    route(
        "/token-service/new/token",
        Endpoint::GetAppToken,
        Version::V1,
    ),
    route(
        "/token-service/new/v2/token",
        Endpoint::GetAppToken,
        Version::V2,
    ),
    // The table of the documentation and its sample name different paths.
    route(
        "/token-service/client/server/renewtoken",
        Endpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/token",
        Endpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/v2/token",
        Endpoint::Renew,
        Version::V2,
    ),
    route(
        "/token-service/client/server/invalidate/token",
        Endpoint::Invalidate,
        Version::V1,
    ),
    route(
        "/token-service/client/server/invalidate/v2/token",
        Endpoint::Invalidate,
        Version::V2,
    ),
    route(ECHO_PATH, Endpoint::Echo, Version::V1),
];
