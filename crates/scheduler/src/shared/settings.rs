//! What a builder decided.

use std::collections::HashMap;
use std::time::Duration;

use punctual_core::{Alias, Codec, JobDefaults, NodeId, StoreCaps};

use super::history_options::HistoryOptions;

/// How long a shutdown waits for the runs under way, unless it is told otherwise.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a shutdown waits for the stores, after the runs.
pub(crate) const STORES_TIMEOUT: Duration = Duration::from_secs(5);

/// How often a change is tried again that somebody else got ahead of.
pub(crate) const CONFLICT_RETRIES: usize = 20;

/// What a builder decided.
#[derive(Debug)]
pub(crate) struct Settings {
    pub job_defaults: JobDefaults,
    pub codec: Codec,
    pub retry_interval: Duration,
    pub lease: Duration,
    pub poll_interval: Duration,
    pub batch: usize,
    pub max_running: usize,
    /// The name under which this scheduler's runs are recorded; none: a new one at each start.
    pub identity: Option<NodeId>,
    pub history: HistorySettings,
    /// Whether jobs are only managed here, and run elsewhere.
    pub client: bool,
    /// How long the driver sleeps at most.
    pub max_sleep: Duration,
}

/// Of which stores the history of runs is kept.
#[derive(Debug, Default)]
pub(crate) struct HistorySettings {
    /// Of those that have no options of their own; none: of those that processes share.
    pub all: Option<HistoryOptions>,
    pub of: HashMap<Alias, HistoryOptions>,
}

impl HistorySettings {
    pub(crate) fn of(&self, alias: &Alias, caps: StoreCaps) -> HistoryOptions {
        let default = if caps.shared { HistoryOptions::on() } else { HistoryOptions::off() };
        self.of.get(alias).copied().or(self.all).unwrap_or(default)
    }
}
