//! Where a test takes place.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use punctual_tests::role::Role;
use punctual_tests::server::Server;
use punctual_tests::store::Place;
use tempfile::TempDir;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    /// MariaDB, which stands for both.
    MySql,
    Postgres,
}

/// A database of the test's own, and a folder for everything else.
pub(crate) struct Stage {
    folder: TempDir,
    pub place: Place,
    /// Where the database is, unless it is in the folder.
    pub server: Option<Server>,
    roles: AtomicUsize,
}

impl Stage {
    /// A new database of that kind.
    pub(crate) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (place, server) = match kind {
            Kind::Sqlite => (Place::from(folder.path()), None),
            Kind::MySql => {
                let server = Server::start("mysql");
                (Place::MySql(server.url().into()), Some(server))
            }
            Kind::Postgres => {
                let server = Server::start("postgres");
                (Place::Postgres(server.url().into()), Some(server))
            }
        };
        Self { folder, place, server, roles: AtomicUsize::new(0) }
    }

    /// A process of that name here, with everything else as it is by default. Those that share a server are
    /// on machines whose clocks differ.
    pub(crate) fn role(&self, name: impl Into<String>) -> Role {
        let ahead = match &self.server {
            Some(_) => [0, 20, -20, 3600][self.roles.fetch_add(1, Ordering::Relaxed) % 4],
            None => 0,
        };
        Role { place: self.place.clone(), ahead, ..Role::new(self.folder.path(), name) }
    }

    /// How much before its time a run may begin: nobody knows better how far two clocks are apart than by
    /// asking the other what time it is, and waiting for the answer.
    pub(crate) fn earliness(&self) -> Duration {
        match &self.server {
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
