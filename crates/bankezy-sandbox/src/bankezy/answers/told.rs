//! What the answer of a call reports.

/// What the answer of a call reports, under whatever names.
#[derive(Default)]
pub(in super::super) struct Told<'a> {
    pub(in super::super) token: Option<&'a str>,
    /// Milliseconds since the epoch.
    pub(in super::super) expires_at: Option<u64>,
    pub(in super::super) server_key: Option<&'a str>,
    pub(in super::super) reference: Option<&'a str>,
    pub(in super::super) account: Option<&'a str>,
    pub(in super::super) login_id: Option<u64>,
}
