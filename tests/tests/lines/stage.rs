//! Where trials take place: a server for all of a case, and tables and a folder for each.

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

/// A server, and what drives the lines to it.
pub(crate) struct Stage {
    pub runtime: Runtime,
    server: Server,
    scenes: AtomicU32,
}

/// The place of one trial.
pub(crate) struct Scene<'s> {
    stage: &'s Stage,
    folder: TempDir,
    access: Access,
    /// Looks at the jobs, and adds some.
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

    /// New tables and a new folder; the calls of processes may take so long.
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
    /// A line to the server.
    pub(crate) fn line(&self, hold: Option<&Arc<Hold>>) -> Line {
        Line::to(self.stage.server.url(), self.stage.runtime.handle(), hold)
    }

    /// A process of that name, on that line if it is on any.
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

    /// How many runs are recorded as under way, in all.
    pub(crate) fn in_flight(&self) -> u32 {
        self.jobs().iter().map(|job| job.in_flight).sum()
    }

    pub(crate) fn history(&self) -> Vec<HistoryEntry> {
        let page = self.client.history(HistoryQuery::new().limit(1_000)).expect("the history");
        assert!(page.next.is_none(), "more than a page");
        page.entries
    }

    /// What the runs have written down.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        let path = self.folder.path().join("journal");
        if path.exists() { journal::read(&path) } else { Vec::new() }
    }

    /// How many lines of that kind there are of a job.
    pub(crate) fn lines_of(&self, job: &str, mark: Mark) -> usize {
        self.journal().iter().filter(|entry| entry.job == job && entry.mark == mark).count()
    }

    /// What schedulers have told of.
    pub(crate) fn ends(&self) -> Vec<End> {
        ends::read(&self.folder.path().join("ends"))
    }
}

impl Drop for Scene<'_> {
    fn drop(&mut self) {
        // What matters has been looked at.
        let _ = self.client.shutdown();
    }
}
