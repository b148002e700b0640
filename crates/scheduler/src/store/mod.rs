//! Registered job stores: each with its clock, failure state, decode cache, buffered history entries, and commits
//! pending for the next pass.

mod access;
mod cache;
mod cancellations;
mod clock;
mod clock_sync;
mod corrupt;
mod failures;
mod guard;
mod history;
mod observed;
mod ownership;
mod pending_commits;
mod pending_work;
mod registered;
mod shared_definitions;
mod watch;
mod write_history;
mod zone_rules;
mod zones;

use std::sync::Arc;

use parking_lot::RwLock;
use punctual_core::Alias;

pub(crate) use self::access::StoreAccess;
pub(crate) use self::cache::DecodedJob;
pub(crate) use self::clock::CLOCK_STEP_THRESHOLD;
pub(crate) use self::guard::RunGuard;
pub(crate) use self::pending_commits::PendingCommitBatch;
pub(crate) use self::pending_work::{FailedRun, GuardedAttempt, RunRetry};
pub(crate) use self::registered::RegisteredStore;
pub(crate) use self::zones::ZoneFingerprints;
use crate::error::SchedulerError;

/// The registered stores of a scheduler, in the order in which they were added.
#[derive(Default)]
pub(crate) struct StoreRegistry(RwLock<Arc<[Arc<RegisteredStore>]>>);

impl StoreRegistry {
    pub(crate) fn new(stores: impl IntoIterator<Item = Arc<RegisteredStore>>) -> Arc<Self> {
        Arc::new(Self(RwLock::new(stores.into_iter().collect())))
    }

    pub(crate) fn all(&self) -> Arc<[Arc<RegisteredStore>]> {
        Arc::clone(&self.0.read())
    }

    pub(crate) fn get(&self, alias: &Alias) -> Result<Arc<RegisteredStore>, SchedulerError> {
        let stores = self.0.read();
        let found = stores.iter().find(|store| store.alias == *alias);
        found.cloned().ok_or_else(|| unknown(alias, &stores))
    }

    /// The error for an alias that no store has.
    pub(crate) fn unknown(&self, alias: &Alias) -> SchedulerError {
        unknown(alias, &self.0.read())
    }

    /// The store with the alias, or all stores.
    pub(crate) fn select(
        &self,
        alias: Option<&Alias>,
    ) -> Result<Vec<Arc<RegisteredStore>>, SchedulerError> {
        match alias {
            Some(alias) => Ok(vec![self.get(alias)?]),
            None => Ok(self.all().to_vec()),
        }
    }

    /// Adds a store. Returns false if its alias is in use.
    pub(crate) fn add(&self, store: &Arc<RegisteredStore>) -> bool {
        let mut stores = self.0.write();
        let is_new = !stores.iter().any(|known| known.alias == store.alias);
        if is_new {
            *stores = stores.iter().chain([store]).cloned().collect();
        }
        is_new
    }

    pub(crate) fn remove(&self, alias: &Alias) -> Result<Arc<RegisteredStore>, SchedulerError> {
        let mut stores = self.0.write();
        let (gone, kept): (Vec<_>, Vec<_>) =
            stores.iter().cloned().partition(|known| known.alias == *alias);
        *stores = kept.into();
        gone.into_iter().next().ok_or_else(|| unknown(alias, &stores))
    }
}

fn unknown(alias: &Alias, stores: &[Arc<RegisteredStore>]) -> SchedulerError {
    let known = stores.iter().map(|store| store.alias.clone()).collect();
    SchedulerError::UnknownJobStore { alias: alias.clone(), job: None, known }
}
