//! Whose settings: each provider has its own names, so that nothing goes to a server that it is not
//! for.

use std::ffi::OsString;

/// The settings of one provider.
pub(crate) struct Scope {
    /// Its table in the settings file; BankEzy's settings stand outside of any.
    pub(crate) table: Option<&'static str>,
    /// What its environment variables begin with.
    pub(crate) prefix: &'static str,
    own: &'static [&'static str],
}

pub(crate) static BANKEZY: Scope = Scope {
    table: None,
    prefix: "BANKEZY_",
    own: &[
        "base_url",
        "api_version",
        "api_key_file",
        "api_key_env",
        "secret_file",
        "secret_env",
        "encoding",
        "app",
        "app_api_key_file",
        "app_api_key_env",
        "app_secret_file",
        "app_secret_env",
        "sdk_api_key_file",
        "sdk_api_key_env",
        "private_key",
        "private_key_env",
        "derive",
        "apu",
        "apv",
        "salt",
        "info",
        "reference_id",
        "account_number",
        "first_name",
        "last_name",
        "email",
        "isd_code",
        "mobile_number",
        "dob",
        "data",
        "gender",
        "zip_code",
        "preferred_language",
        "kyc_level",
        "token_file",
        "token_env",
        "token_reference_id",
    ],
};

pub(crate) static FACEKI: Scope = Scope {
    table: Some("faceki"),
    prefix: "FACEKI_",
    own: &[
        "base_url",
        "client_id",
        "client_secret_file",
        "client_secret_env",
        "credentials_in_headers",
    ],
};

pub(crate) static COMPLYCUBE: Scope = Scope {
    table: Some("complycube"),
    prefix: "COMPLYCUBE_",
    own: &[
        "base_url",
        "api_key_file",
        "api_key_env",
        "client_id",
        "referrer",
        "app_id",
    ],
};

pub(crate) static SARDINE: Scope = Scope {
    table: Some("sardine"),
    prefix: "SARDINE_",
    own: &[
        "base_url",
        "sandbox",
        "client_id",
        "client_secret_file",
        "client_secret_env",
        "session_key_file",
        "session_key_env",
        "customer_id",
        "platform",
        "provider",
    ],
};

/// How a server is reached: the same names for all.
const TRANSPORT: &[&str] = &[
    "ca_file",
    "extra_ca_file",
    "client_cert_file",
    "client_key_file",
    "client_key_env",
    "proxy",
    "proxy_file",
    "proxy_env",
    "timeout",
];

impl Scope {
    /// Whose table this is.
    pub(crate) fn of_table(name: &str) -> Option<&'static Self> {
        [&FACEKI, &COMPLYCUBE, &SARDINE]
            .into_iter()
            .find(|scope| scope.table == Some(name))
    }

    /// Whether a name is that of a table, or of any provider's setting.
    pub(crate) fn knows(name: &str) -> bool {
        let scopes = [&BANKEZY, &FACEKI, &COMPLYCUBE, &SARDINE];
        scopes
            .into_iter()
            .any(|scope| scope.table == Some(name) || scope.names().any(|known| known == name))
    }

    /// The names of its settings.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.own.iter().chain(TRANSPORT).copied()
    }

    /// The names of its secrets, each with those of its file and of its variable.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&'static str, [&'static str; 2])> {
        self.names().filter_map(|file| {
            let secret = file.strip_suffix("_file")?;
            let is_variable = |name: &&str| name.strip_suffix("_env") == Some(secret);
            let variable = self.names().find(is_variable)?;
            // A proxy's URL need not be one.
            let has_flag = self.names().any(|name| name == secret);
            (!has_flag).then_some((secret, [file, variable]))
        })
    }

    /// The environment variable of a setting.
    pub(crate) fn variable(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.to_ascii_uppercase())
    }

    /// What stands in the environment variable of a setting.
    pub(crate) fn in_environment(&self, name: &str) -> Option<OsString> {
        std::env::var_os(self.variable(name)).filter(|value| !value.is_empty())
    }
}
