//! What a store of tokens is made of.

use std::sync::Arc;

use bankezy_client::MemoryStore;
use bankezy_crypto::providers::TokenKey;
use bankezy_crypto::{KeyRing, Seal as _};
use redis::Script;

use super::login_lock::LoginLock;
use super::turns::Turns;
use crate::fleet::Fleet;
use crate::names::TokenNames;
use crate::scripts::script;

pub(crate) struct Inner<T> {
    pub(super) fleet: Fleet,
    pub(super) ring: Arc<KeyRing>,
    pub(super) tier: MemoryStore<T>,
    pub(super) turns: Turns,
    pub(super) settings: LoginLock,
    pub(super) scripts: Scripts,
}

#[derive(Clone)]
pub(super) struct Scripts {
    pub(super) claim: Script,
    pub(super) save: Script,
    pub(super) remove: Script,
    pub(super) release: Script,
}

impl<T> Inner<T> {
    pub(super) fn new(fleet: &Fleet, ring: Arc<KeyRing>, settings: LoginLock) -> Self {
        Self {
            fleet: fleet.clone(),
            ring,
            tier: MemoryStore::default(),
            turns: Turns::default(),
            settings,
            scripts: Scripts {
                claim: script(include_str!("../scripts/claim.lua")),
                save: script(include_str!("../scripts/save.lua")),
                remove: script(include_str!("../scripts/remove.lua")),
                release: script(include_str!("../scripts/release.lua")),
            },
        }
    }

    /// One for another cache, with memory and turns of its own.
    pub(super) fn another(&self) -> Self {
        Self {
            fleet: self.fleet.clone(),
            ring: Arc::clone(&self.ring),
            tier: MemoryStore::default(),
            turns: Turns::default(),
            settings: self.settings,
            scripts: self.scripts.clone(),
        }
    }

    pub(super) fn names(&self, key: &TokenKey) -> Arc<TokenNames> {
        let wrapping = self.ring.key_tag();
        self.turns
            .names(key, wrapping, || self.fleet.0.names.token(&wrapping, key))
    }
}
