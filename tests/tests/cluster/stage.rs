//! Where a test takes place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use punctual_backends::Backend;
use punctual_tests::home::Home;
use punctual_tests::role::Role;
use punctual_tests::server::Server;
use punctual_tests::store::Place;
use tempfile::TempDir;

/// A database of the test's own, and a folder for everything else.
pub(crate) struct Stage {
    home: Home,
    roles: AtomicUsize,
    /// Behind the server, whose data are in it.
    folder: TempDir,
}

impl Stage {
    /// A new database.
    pub(crate) fn new(backend: &'static Backend) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::new(backend, folder.path());
        Self { home, roles: AtomicUsize::new(0), folder }
    }

    pub(crate) fn place(&self) -> &Place {
        self.home.place()
    }

    /// Where the database is, unless it is in the folder.
    pub(crate) fn server(&self) -> Option<&Server> {
        self.home.server()
    }

    /// A process of that name here, with everything else as it is by default. Those that share a server are
    /// on machines whose clocks differ.
    pub(crate) fn role(&self, name: impl Into<String>) -> Role {
        let ahead = match self.server() {
            Some(_) => [0, 20, -20, 3600][self.roles.fetch_add(1, Ordering::Relaxed) % 4],
            None => 0,
        };
        Role { place: self.place().clone(), ahead, ..Role::new(self.folder.path(), name) }
    }

    /// How much before its time a run may begin: nobody knows better how far two clocks are apart than by
    /// asking the other what time it is, and waiting for the answer.
    pub(crate) fn earliness(&self) -> Duration {
        match self.server() {
            Some(_) => Duration::from_secs(1),
            None => Duration::ZERO,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder().join("journal")
    }
}
