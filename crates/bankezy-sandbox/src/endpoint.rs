//! The calls, and how often each was executed.

use core::sync::atomic::{AtomicU64, Ordering};

/// A call of the emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EmulatedEndpoint {
    /// BankEzy's Get Token.
    GetToken,
    /// Onboarding user token.
    OnboardingUserToken,
    /// Get App Token, the key exchange.
    GetAppToken,
    /// Renew.
    Renew,
    /// Invalidate.
    Invalidate,
    /// The API that returns what it was sent.
    Echo,
    /// Faceki's access token.
    FacekiToken,
    /// ComplyCube's SDK token.
    ComplyCubeToken,
    /// Sardine's token for identity documents.
    SardineToken,
}

impl EmulatedEndpoint {
    /// Its name in the request log and for faults, such as `get-token`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GetToken => "get-token",
            Self::OnboardingUserToken => "onboarding-user-token",
            Self::GetAppToken => "get-app-token",
            Self::Renew => "renew",
            Self::Invalidate => "invalidate",
            Self::Echo => "echo",
            Self::FacekiToken => "faceki",
            Self::ComplyCubeToken => "complycube",
            Self::SardineToken => "sardine",
        }
    }

    /// Whether its answers are sealed. That of Get App Token is not, but its faults are those of BankEzy.
    pub(crate) fn is_sealed(self) -> bool {
        !matches!(
            self,
            Self::FacekiToken | Self::ComplyCubeToken | Self::SardineToken
        )
    }
}

pub(crate) const ALL: [EmulatedEndpoint; ENDPOINTS] = [
    EmulatedEndpoint::GetToken,
    EmulatedEndpoint::OnboardingUserToken,
    EmulatedEndpoint::GetAppToken,
    EmulatedEndpoint::Renew,
    EmulatedEndpoint::Invalidate,
    EmulatedEndpoint::Echo,
    EmulatedEndpoint::FacekiToken,
    EmulatedEndpoint::ComplyCubeToken,
    EmulatedEndpoint::SardineToken,
];

const ENDPOINTS: usize = 9;

/// How many calls of each endpoint were executed, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Executed([u64; ENDPOINTS]);

impl Executed {
    /// Calls of one endpoint, both versions.
    #[must_use]
    pub fn of(&self, endpoint: EmulatedEndpoint) -> u64 {
        self.0.get(endpoint as usize).copied().unwrap_or_default()
    }

    /// Calls of all endpoints.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Counts what is executed.
#[derive(Default)]
pub(crate) struct Counts([AtomicU64; ENDPOINTS]);

impl Counts {
    pub(crate) fn add(&self, endpoint: EmulatedEndpoint) {
        if let Some(count) = self.0.get(endpoint as usize) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(crate) fn read(&self) -> Executed {
        Executed(self.0.each_ref().map(|n| n.load(Ordering::SeqCst)))
    }

    pub(crate) fn reset(&self) {
        for count in &self.0 {
            count.store(0, Ordering::SeqCst);
        }
    }
}
