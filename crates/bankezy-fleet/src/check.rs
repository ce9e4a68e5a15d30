//! Settings of the server that put data at risk.

use std::collections::BTreeMap;

use crate::error::FleetError;
use crate::fleet::Fleet;

/// A setting of the server, and what it makes unsafe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Its name, such as `maxmemory-policy`.
    pub setting: &'static str,
    /// Its value, or `unknown` if the server does not say.
    pub value: String,
    /// What is unsafe with it; `None` if nothing is.
    pub risk: Option<&'static str>,
}

/// Settings, whether a value is safe, and what is at risk otherwise.
type Rule = (&'static str, fn(&str) -> bool, &'static str);

const RULES: [Rule; 4] = [
    (
        "maxmemory-policy",
        |value| value == "noeviction",
        "replay marks and budgets can be dropped while they are needed: a message may pass again; set noeviction",
    ),
    (
        "appendonly",
        |value| value == "yes",
        "a power cut loses what was written since the last snapshot: replay marks, and shares of budgets; set yes",
    ),
    (
        "appendfsync",
        |value| value == "always" || value == "everysec",
        "a power cut loses more than a second of replay marks; set everysec or always",
    ),
    (
        "min-replicas-to-write",
        |value| value.parse().is_ok_and(|replicas: u32| replicas > 0),
        "a primary that is cut off accepts replay marks that a failover loses; with replicas, set 1 or more",
    ),
];

impl Fleet {
    /// Settings of the server, and of the way to it, with what they put at risk.
    ///
    /// # Errors
    /// [`FleetError`] if the server cannot be asked at all. A setting that it does not tell is `unknown`.
    pub async fn check(&self) -> Result<Vec<Finding>, FleetError> {
        self.ping().await?;
        let mut findings = vec![self.tls(), self.password().await?, self.role().await?];
        for (setting, is_safe, risk) in RULES {
            let config = async |connection: &mut _| {
                let mut config = redis::cmd("CONFIG");
                config
                    .arg("GET")
                    .arg(setting)
                    .query_async::<BTreeMap<String, String>>(connection)
                    .await
            };
            let told = told(self.0.store.run("check", config).await)?;
            let value = told.and_then(|mut settings| settings.remove(setting));
            findings.push(finding(setting, value, is_safe, risk));
        }
        Ok(findings)
    }

    fn tls(&self) -> Finding {
        let store = &self.0.store;
        let value = if store.is_encrypted() {
            "yes"
        } else if store.is_on_loopback() {
            "no, on this machine"
        } else {
            "no"
        };
        finding(
            "TLS",
            Some(value.to_owned()),
            |value| value != "no",
            "anyone who can read the network traffic sees the password, and can change marks and budgets; use rediss://",
        )
    }

    async fn password(&self) -> Result<Finding, FleetError> {
        let answered = match self.0.store.ping_without_password().await {
            Ok(()) => Some("not required"),
            Err(FleetError::Refused { .. }) => Some("asked for"),
            Err(error) if error.is_away() => return Err(error),
            Err(_) => None,
        };
        Ok(finding(
            "password",
            answered.map(str::to_owned),
            |value| value == "asked for",
            "anyone who can reach the server can drop replay marks and put back old tokens; set requirepass, or a user for the fleet",
        ))
    }

    async fn role(&self) -> Result<Finding, FleetError> {
        let info = async |connection: &mut _| {
            let mut info = redis::cmd("INFO");
            info.arg("replication")
                .query_async::<String>(connection)
                .await
        };
        let info = told(self.0.store.run("check", info).await)?.unwrap_or_default();
        let role = info.lines().find_map(|line| line.strip_prefix("role:"));
        let role = role.map(|role| {
            let is_primary = role.trim_end() == "master";
            if is_primary { "primary" } else { "replica" }.to_owned()
        });
        Ok(finding(
            "role",
            role,
            |role| role == "primary",
            "a replica takes no writes: messages are refused, and each process logs in for itself; give the URL of the primary",
        ))
    }
}

/// What a managed server does not tell is unknown.
fn told<T>(result: Result<T, FleetError>) -> Result<Option<T>, FleetError> {
    match result {
        Err(error) if error.is_away() => Err(error),
        result => Ok(result.ok()),
    }
}

fn finding(
    setting: &'static str,
    value: Option<String>,
    is_safe: fn(&str) -> bool,
    risk: &'static str,
) -> Finding {
    Finding {
        setting,
        risk: (!value.as_deref().is_some_and(is_safe)).then_some(risk),
        value: value.unwrap_or_else(|| "unknown".to_owned()),
    }
}
