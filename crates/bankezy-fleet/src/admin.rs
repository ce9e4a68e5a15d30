//! What an operator asks of a fleet: who is there, what is used, and which settings of the server make what unsafe.

use std::collections::BTreeMap;

use redis::Script;

use crate::error::FleetError;
use crate::fleet::Fleet;
use crate::metrics;
use crate::rotation::Report;

/// A process that reports itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its identifier, new with each start.
    pub id: String,
    /// The keys of each ring that it can open with, the one it seals with first.
    pub rings: BTreeMap<String, Vec<String>>,
    /// The time of its last report in seconds since 1970, by its own clock.
    pub reported_at: u64,
}

/// What a fleet has reserved of the nonce budget of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// The key.
    pub key_id: String,
    /// Messages that all processes reserved.
    pub reserved: u64,
    /// Messages that they may seal together.
    pub limit: u64,
}

/// What a fleet has in its store.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The live members.
    pub members: Vec<Member>,
    /// Which key each ring seals with, as far as one was promoted.
    pub newest: BTreeMap<String, String>,
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// Tokens and sessions.
    pub tokens: u64,
    /// Logins under way.
    pub logins: u64,
}

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
    /// What the fleet has in its store.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn status(&self) -> Result<Status, FleetError> {
        let newest = self.hash(self.0.names.newest()).await?;
        let newest = newest.into_iter().filter_map(|(ring, text)| {
            let (_, id) = text.split_once('|')?;
            Some((ring, id.to_owned()))
        });
        Ok(Status {
            members: self.members().await?,
            newest: newest.collect(),
            budgets: self.budgets().await?,
            tokens: self.count("token").await?,
            logins: self.count("lock").await?,
        })
    }

    /// The live members.
    ///
    /// # Errors
    /// [`FleetError`].
    pub async fn members(&self) -> Result<Vec<Member>, FleetError> {
        let names = &self.0.names;
        let (members, reports) = (names.members(), names.reports());
        let list = async |connection: &mut _| {
            let script = Script::new(include_str!("scripts/members.lua"));
            let mut call = script.key(&members);
            call.key(&reports)
                .invoke_async::<Vec<(Vec<u8>, Vec<u8>)>>(connection)
                .await
        };
        let found = self.0.store.run("members", list).await?;
        metrics::members(found.len());
        // What others wrote there is passed over.
        let member = |(id, report): (Vec<u8>, Vec<u8>)| {
            let report: Report = serde_json::from_slice(&report).ok()?;
            Some(Member {
                id: String::from_utf8(id).ok()?,
                rings: report.rings,
                reported_at: report.at,
            })
        };
        Ok(found.into_iter().filter_map(member).collect())
    }

    async fn budgets(&self) -> Result<Vec<Budget>, FleetError> {
        let limits = self.hash(self.0.names.budgets()).await?;
        let mut budgets = Vec::new();
        for (key_id, limit) in limits {
            let name = self.0.names.budget(&key_id);
            let get = async |connection: &mut _| {
                let mut get = redis::cmd("GET");
                get.arg(&name)
                    .query_async::<Option<Vec<u8>>>(connection)
                    .await
            };
            let text = self.0.store.run("status", get).await?;
            let reserved = text.map_or(Some(0), |text| str::from_utf8(&text).ok()?.parse().ok());
            if let (Some(reserved), Ok(limit)) = (reserved, limit.parse()) {
                budgets.push(Budget {
                    key_id,
                    reserved,
                    limit,
                });
            }
        }
        Ok(budgets)
    }

    async fn hash(&self, name: String) -> Result<BTreeMap<String, String>, FleetError> {
        let all = async |connection: &mut _| {
            let mut all = redis::cmd("HGETALL");
            all.arg(&name)
                .query_async::<Vec<(Vec<u8>, Vec<u8>)>>(connection)
                .await
        };
        let text = |bytes| String::from_utf8(bytes).ok();
        let found = self.0.store.run("status", all).await?.into_iter();
        Ok(found
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect())
    }

    async fn count(&self, kind: &str) -> Result<u64, FleetError> {
        let pattern = self.0.names.all(kind);
        let (mut cursor, mut count) = (0_u64, 0_u64);
        loop {
            let scan = async |connection: &mut _| {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor)
                    .arg("MATCH")
                    .arg(&pattern)
                    .arg("COUNT")
                    .arg(1000);
                scan.query_async::<(u64, Vec<Vec<u8>>)>(connection).await
            };
            let (next, found) = self.0.store.run("status", scan).await?;
            count += found.len() as u64;
            if next == 0 {
                return Ok(count);
            }
            cursor = next;
        }
    }

    /// Which settings of the server make what unsafe.
    ///
    /// # Errors
    /// [`FleetError`] if the server cannot be asked at all. A setting that it does not tell is `unknown`.
    pub async fn check(&self) -> Result<Vec<Finding>, FleetError> {
        self.ping().await?;
        let mut findings = Vec::new();
        let is_encrypted = self.0.store.is_encrypted();
        findings.push(Finding {
            setting: "TLS",
            value: if is_encrypted { "yes" } else { "no" }.to_owned(),
            risk: (!is_encrypted).then_some(
                "anyone who can read the network traffic sees the password, and can change marks and budgets; use rediss://",
            ),
        });
        for (setting, is_safe, risk) in RULES {
            let config = async |connection: &mut _| {
                let mut config = redis::cmd("CONFIG");
                config
                    .arg("GET")
                    .arg(setting)
                    .query_async::<Vec<String>>(connection)
                    .await
            };
            let value = match self.0.store.run("check", config).await {
                Ok(pair) => pair.into_iter().nth(1),
                Err(error) if error.is_away() => return Err(error),
                // A managed server that does not tell.
                Err(_) => None,
            };
            findings.push(Finding {
                setting,
                risk: value
                    .as_deref()
                    .is_none_or(|value| !is_safe(value))
                    .then_some(risk),
                value: value.unwrap_or_else(|| "unknown".to_owned()),
            });
        }
        Ok(findings)
    }
}
