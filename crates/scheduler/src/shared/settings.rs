//! Builder settings.

use std::collections::HashMap;
use std::time::Duration;

use punctual_core::{Alias, Codec, JobOptions, NodeId, StoreCaps};

use super::history_options::HistoryOptions;

/// Time that a shutdown waits for the listeners, after everything else.
pub(crate) const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// Time that a shutdown waits for each store, after the runs.
pub(crate) const STORE_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of attempts for a change that conflicts with concurrent changes.
pub(crate) const MAX_CONFLICT_ATTEMPTS: usize = 20;

/// Builder settings.
#[derive(Debug)]
pub(crate) struct Settings {
    pub job_defaults: JobOptions,
    pub codec: Codec,
    pub max_retry_delay: Duration,
    pub lease: Duration,
    pub poll_interval: Duration,
    pub batch: usize,
    pub max_concurrent_runs: usize,
    /// How long a run may take to end after its cancellation was requested.
    pub cancel_grace: Duration,
    /// How long a shutdown waits for runs in progress, unless its caller sets another time.
    pub shutdown_timeout: Duration,
    /// The id under which runs are recorded. `None`: a new one for each start.
    pub node_id: Option<NodeId>,
    pub history: HistorySettings,
    /// Client-only mode: jobs are managed by this scheduler and run by other processes.
    pub client_only: bool,
    /// Maximum time that the driver sleeps.
    pub max_sleep: Duration,
}

/// History options by store.
#[derive(Debug, Default)]
pub(crate) struct HistorySettings {
    /// Options for stores that are not in `per_store`. `None`: history is enabled for shared stores only.
    pub default: Option<HistoryOptions>,
    pub per_store: HashMap<Alias, HistoryOptions>,
}

impl HistorySettings {
    /// Whether the user has enabled the history of this store.
    pub(crate) fn is_requested(&self, alias: &Alias) -> bool {
        self.per_store.get(alias).or(self.default.as_ref()).is_some_and(|options| options.on)
    }

    pub(crate) fn for_store(&self, alias: &Alias, caps: StoreCaps) -> HistoryOptions {
        let fallback =
            if caps.shared { HistoryOptions::enabled() } else { HistoryOptions::disabled() };
        self.per_store.get(alias).copied().or(self.default).unwrap_or(fallback)
    }
}
