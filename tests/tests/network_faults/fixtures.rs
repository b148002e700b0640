//! The fixtures: one server for all trials of a test case, and tables and a folder for each trial.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use punctual::prelude::*;
use punctual::{HistoryEntry, HistoryQuery};
use punctual_backends::Backend;
use punctual_tests::completions::{self, Completion};
use punctual_tests::failpoint::FailpointControl;
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::server::Server;
use punctual_tests::store::{ServerOptions, StoreLocation, builder_with};
use punctual_tests::worker_config::WorkerConfig;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::held_message::HeldMessage;
use crate::proxy::FaultProxy;

/// A server, and the runtime of the proxies.
pub(crate) struct ServerFixture {
    pub runtime: Runtime,
    server: Server,
    trials: AtomicU32,
}

/// The fixture of one trial.
pub(crate) struct TrialFixture<'s> {
    server_fixture: &'s ServerFixture,
    folder: TempDir,
    server_options: ServerOptions,
    /// A client that reads and adds jobs.
    client: BackgroundScheduler,
}

impl ServerFixture {
    pub(crate) fn new(backend: &'static Backend) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            server: Server::start(backend.id()),
            runtime: runtime.expect("a runtime"),
            trials: AtomicU32::new(0),
        }
    }

    /// Creates new tables and a new folder; `timeout` is the timeout of store calls in the processes.
    pub(crate) fn trial_fixture(&self, timeout: Option<Duration>) -> TrialFixture<'_> {
        let number = self.trials.fetch_add(1, Ordering::Relaxed);
        let table_prefix = Some(format!("trial_{number}_"));
        let server_options = ServerOptions { table_prefix: table_prefix.clone(), timeout: None };
        let location = StoreLocation::at(self.server.url());
        let store = location.store_with(server_options.options(location.backend()));
        let client = builder_with(store, FailpointControl(watch::Sender::new(None))).client_only();
        let client = client.build().expect("a client");
        client.start().expect("the client");
        TrialFixture {
            server_fixture: self,
            folder: tempfile::tempdir().expect("a folder"),
            server_options: ServerOptions { table_prefix, timeout },
            client,
        }
    }
}

impl TrialFixture<'_> {
    /// Returns whether the store has a clock, so that those of the processes may differ.
    pub(crate) fn has_clock(&self) -> bool {
        StoreLocation::at(self.server_fixture.server.url()).store().caps().clock
    }

    /// Starts a proxy to the server.
    pub(crate) fn proxy(&self, hold: Option<&Arc<HeldMessage>>) -> FaultProxy {
        FaultProxy::to(self.server_fixture.server.url(), self.server_fixture.runtime.handle(), hold)
    }

    /// Returns the configuration of a process with this name, behind this proxy if there is one.
    pub(crate) fn config(&self, name: &str, proxy: Option<&FaultProxy>) -> WorkerConfig {
        let url = proxy.map_or_else(|| self.server_fixture.server.url(), FaultProxy::url);
        WorkerConfig {
            location: StoreLocation::at(url),
            server_options: self.server_options.clone(),
            max_retry_delay: Some(Duration::from_millis(300)),
            log_completions: true,
            ..WorkerConfig::new(self.folder.path(), name)
        }
    }

    pub(crate) fn add(&self, jobs: impl IntoIterator<Item = NewJob>) {
        self.client.add_jobs(jobs).expect("the jobs");
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        self.client.get_jobs(JobQuery::new()).expect("the jobs")
    }

    /// Returns the number of runs that are recorded as in flight.
    pub(crate) fn in_flight(&self) -> u32 {
        self.jobs().iter().map(|job| job.in_flight).sum()
    }

    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        let page = self.client.history(HistoryQuery::new().limit(1_000)).expect("the history");
        assert!(page.next.is_none(), "more than a page");
        page.entries
    }

    /// Returns the entries of the run log.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let path = self.folder.path().join("journal");
        if path.exists() { journal::read(&path) } else { Vec::new() }
    }

    /// Returns the number of entries of a job with this phase.
    pub(crate) fn lines_of(&self, job: &str, phase: RunPhase) -> usize {
        self.journal().iter().filter(|entry| entry.job == job && entry.phase == phase).count()
    }

    /// Returns the entries of the completion log.
    pub(crate) fn ends(&self) -> Vec<Completion> {
        completions::read(&self.folder.path().join("ends"))
    }
}

impl Drop for TrialFixture<'_> {
    fn drop(&mut self) {
        // The checks are done, so errors don't matter.
        let _ = self.client.shutdown();
    }
}
