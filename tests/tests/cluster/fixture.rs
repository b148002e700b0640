//! The test fixture.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use punctual_backends::Backend;
use punctual_tests::server::Server;
use punctual_tests::store::StoreLocation;
use punctual_tests::test_store::TestStore;
use punctual_tests::worker_config::WorkerConfig;
use tempfile::TempDir;

/// A database for one test, and a folder for its other files.
pub(crate) struct Fixture {
    test_store: TestStore,
    configs: AtomicUsize,
    /// Dropped after the server, whose data are in the folder.
    folder: TempDir,
}

impl Fixture {
    /// Creates an empty database.
    pub(crate) fn new(backend: &'static Backend) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let test_store = TestStore::new(backend, folder.path());
        Self { test_store, configs: AtomicUsize::new(0), folder }
    }

    pub(crate) fn location(&self) -> &StoreLocation {
        self.test_store.location()
    }

    /// Returns the server, unless the database is a file.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.test_store.server()
    }

    /// Returns the configuration of a process with this name and default settings. If the store has a clock, each process
    /// has a different clock offset.
    pub(crate) fn config(&self, name: impl Into<String>) -> WorkerConfig {
        let clock_offset_seconds = match self.has_clock() {
            true => [0, 20, -20, 3600][self.configs.fetch_add(1, Ordering::Relaxed) % 4],
            false => 0,
        };
        WorkerConfig {
            location: self.location().clone(),
            clock_offset_seconds,
            ..WorkerConfig::new(self.folder.path(), name)
        }
    }

    /// Returns how long before its scheduled time a run may start. The offset of two clocks can only be estimated by a
    /// request and its response, within their round-trip time.
    pub(crate) fn earliness(&self) -> Duration {
        match self.has_clock() {
            true => Duration::from_secs(1),
            false => Duration::ZERO,
        }
    }

    /// Returns whether the store has a clock, so that those of the processes may differ.
    fn has_clock(&self) -> bool {
        self.location().store().caps().clock
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder().join("journal")
    }
}
