//! The paths, as documented.

use super::super::credentials::ECHO_PATH;
use super::super::endpoint::EmulatedEndpoint;

/// Which form of answer a path has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Version {
    V1,
    V2,
}

/// A path and what it does.
#[derive(Debug)]
pub(in super::super) struct Route {
    pub(in super::super) path: &'static str,
    pub(in super::super) endpoint: EmulatedEndpoint,
    pub(super) version: Version,
}

const fn route(path: &'static str, endpoint: EmulatedEndpoint, version: Version) -> Route {
    Route {
        path,
        endpoint,
        version,
    }
}

pub(in super::super) static ROUTES: &[Route] = &[
    route(
        "/token-service/client/server/new/token",
        EmulatedEndpoint::GetToken,
        Version::V1,
    ),
    route(
        "/token-service/client/server/new/v2/token",
        EmulatedEndpoint::GetToken,
        Version::V2,
    ),
    route(
        "/onboarding/user/token",
        EmulatedEndpoint::OnboardingUserToken,
        Version::V1,
    ),
    // Not documented: this crate's own, following the pattern of the others.
    route(
        "/onboarding/user/v2/token",
        EmulatedEndpoint::OnboardingUserToken,
        Version::V2,
    ),
    route(
        "/token-service/new/token",
        EmulatedEndpoint::GetAppToken,
        Version::V1,
    ),
    route(
        "/token-service/new/v2/token",
        EmulatedEndpoint::GetAppToken,
        Version::V2,
    ),
    // The table of the documentation and its sample name different paths.
    route(
        "/token-service/client/server/renewtoken",
        EmulatedEndpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/token",
        EmulatedEndpoint::Renew,
        Version::V1,
    ),
    route(
        "/token-service/client/app/renew/v2/token",
        EmulatedEndpoint::Renew,
        Version::V2,
    ),
    route(
        "/token-service/client/server/invalidate/token",
        EmulatedEndpoint::Invalidate,
        Version::V1,
    ),
    route(
        "/token-service/client/server/invalidate/v2/token",
        EmulatedEndpoint::Invalidate,
        Version::V2,
    ),
    route(ECHO_PATH, EmulatedEndpoint::Echo, Version::V1),
];
