//! What an operator asks of a fleet: who is there, and what is used.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::budget::counted;
use crate::error::{FleetError, present};
use crate::fleet::Fleet;
use crate::metrics;
use crate::rings::Report;
use crate::scripts::script;

/// A process that reports itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its identifier, new with each start.
    pub id: String,
    /// Its [`FleetConfig::member_name`](crate::FleetConfig::member_name).
    pub name: Option<String>,
    /// The keys of each ring that others may seal with: those that have files and do not soon end. The one that it seals
    /// with is the first, if it has a file.
    pub rings: BTreeMap<String, Vec<String>>,
    /// How long ago it reported itself, by the store's clock.
    pub last_report: Duration,
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
    /// Whether counting the last two was ended early, after 5 s or 20 million names: there may be more.
    pub is_cut: bool,
}

/// How long tokens and logins are counted at most. A server may hold many names beside those of the fleet.
const SCAN_FOR: Duration = Duration::from_secs(5);

/// How many operations that takes at most, each over about as many names as the next constant says.
const SCANS: u32 = 20_000;
const SCANNED_AT_ONCE: u32 = 1_000;

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
        let (tokens, logins, is_cut) = self.count().await?;
        Ok(Status {
            members: self.members().await?,
            newest: newest.collect(),
            budgets: self.budgets().await?,
            tokens,
            logins,
            is_cut,
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
            let script = script(include_str!("scripts/members.lua"));
            let mut call = script.key(&members);
            call.key(&reports)
                .invoke_async::<Vec<(Vec<u8>, Vec<u8>, u64)>>(connection)
                .await
        };
        let found = self.0.store.run("members", list).await?;
        metrics::members(found.len());
        // What others wrote there is passed over.
        let member = |(id, report, left): (Vec<u8>, Vec<u8>, u64)| {
            let report: Report = serde_json::from_slice(&report).ok()?;
            Some(Member {
                id: String::from_utf8(id).ok()?,
                name: report.name,
                rings: report.rings,
                last_report: Duration::from_millis(report.lives.saturating_sub(left)),
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
            let reserved = counted(self.0.store.run("status", get).await)?;
            if let Ok(limit) = limit.parse() {
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
        let found = present(self.0.store.run("status", all).await)?.unwrap_or_default();
        Ok(found
            .into_iter()
            .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
            .collect())
    }

    /// Counts tokens and logins, and says whether that was ended early.
    async fn count(&self) -> Result<(u64, u64, bool), FleetError> {
        let names = &self.0.names;
        let pattern = names.tokens_and_locks();
        let (mut cursor, mut tokens, mut logins) = (0_u64, 0, 0);
        let until = Instant::now() + SCAN_FOR;
        for _ in 0..SCANS {
            let scan = async |connection: &mut _| {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor)
                    .arg("MATCH")
                    .arg(&pattern)
                    .arg("COUNT")
                    .arg(SCANNED_AT_ONCE);
                scan.query_async::<(u64, Vec<Vec<u8>>)>(connection).await
            };
            let (next, found) = self.0.store.run("status", scan).await?;
            let locks = found.iter().filter(|name| names.is_lock(name)).count() as u64;
            logins += locks;
            tokens += found.len() as u64 - locks;
            if next == 0 {
                return Ok((tokens, logins, false));
            }
            if Instant::now() >= until {
                break;
            }
            cursor = next;
        }
        Ok((tokens, logins, true))
    }
}
