//! The fixtures: one server for all trials of a test case, and tables and a folder for each trial.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use punctual::prelude::*;
use punctual::{HistoryEntry, HistoryQuery};
use punctual_backends::Backend;
use punctual_tests::ends::{self, End};
use punctual_tests::halt::Halts;
use punctual_tests::journal::{self, Entry, Mark};
use punctual_tests::role::Role;
use punctual_tests::server::Server;
use punctual_tests::store::{Access, Place, builder_with};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::hold::Hold;
use crate::line::Line;

/// A server, and the runtime of the proxies.
pub(crate) struct Stage {
    pub runtime: Runtime,
    server: Server,
    scenes: AtomicU32,
}

/// The fixture of one trial.
pub(crate) struct Scene<'s> {
    stage: &'s Stage,
    folder: TempDir,
    access: Access,
    /// A client that reads and adds jobs.
    client: BackgroundScheduler,
}

impl Stage {
    pub(crate) fn new(backend: &'static Backend) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self {
            server: Server::start(backend.word()),
            runtime: runtime.expect("a runtime"),
            scenes: AtomicU32::new(0),
        }
    }

    /// Creates new tables and a new folder; `timeout` is the timeout of store calls in the processes.
    pub(crate) fn scene(&self, timeout: Option<Duration>) -> Scene<'_> {
        let number = self.scenes.fetch_add(1, Ordering::Relaxed);
        let table_prefix = Some(format!("trial_{number}_"));
        let access = Access { table_prefix: table_prefix.clone(), timeout: None };
        let store = Place::at(self.server.url()).store_with(access.options());
        let client = builder_with(store, Halts(watch::Sender::new(None))).client_only();
        let client = client.build().expect("a client");
        client.start().expect("the client");
        Scene {
            stage: self,
            folder: tempfile::tempdir().expect("a folder"),
            access: Access { table_prefix, timeout },
            client,
        }
    }
}

impl Scene<'_> {
    /// Starts a proxy to the server.
    pub(crate) fn line(&self, hold: Option<&Arc<Hold>>) -> Line {
        Line::to(self.stage.server.url(), self.stage.runtime.handle(), hold)
    }

    /// Returns the configuration of a process with this name, behind this proxy if there is one.
    pub(crate) fn role(&self, name: &str, line: Option<&Line>) -> Role {
        let url = line.map_or_else(|| self.stage.server.url(), Line::url);
        Role {
            place: Place::at(url),
            access: self.access.clone(),
            retry_interval: Some(Duration::from_millis(300)),
            notes_ends: true,
            ..Role::new(self.folder.path(), name)
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
    pub(crate) fn lines_of(&self, job: &str, mark: Mark) -> usize {
        self.journal().iter().filter(|entry| entry.job == job && entry.mark == mark).count()
    }

    /// Returns the entries of the completion log.
    pub(crate) fn ends(&self) -> Vec<End> {
        ends::read(&self.folder.path().join("ends"))
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        // The checks are done, so errors don't matter.
        let _ = self.client.shutdown();
    }
}
