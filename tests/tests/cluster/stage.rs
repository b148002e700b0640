//! Where a test takes place.

use std::path::{Path, PathBuf};

use punctual_tests::role::Role;
use punctual_tests::store::Place;
use tempfile::TempDir;

use crate::server::Server;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    /// MariaDB, which stands for both.
    MySql,
}

/// A database of the test's own, and a folder for everything else.
pub(crate) struct Stage {
    folder: TempDir,
    pub place: Place,
    /// Where the database is, unless it is in the folder.
    pub server: Option<Server>,
}

impl Stage {
    /// A new database of that kind.
    pub(crate) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (place, server) = match kind {
            Kind::Sqlite => (Place::from(folder.path()), None),
            Kind::MySql => {
                let (server, url) = Server::start("mysql");
                (Place::MySql(url), Some(server))
            }
        };
        Self { folder, place, server }
    }

    /// A process of that name here, with everything else as it is by default.
    pub(crate) fn role(&self, name: impl Into<String>) -> Role {
        Role { place: self.place.clone(), ..Role::new(self.folder.path(), name) }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.folder().join("journal")
    }
}
