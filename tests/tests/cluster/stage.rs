//! Where a test takes place.

use std::path::{Path, PathBuf};

use punctual_tests::role::Role;
use punctual_tests::store::Place;
use tempfile::TempDir;

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
}

/// A database of the test's own, and a folder for everything else.
pub(crate) struct Stage {
    folder: TempDir,
    pub place: Place,
}

impl Stage {
    /// A new database of that kind.
    pub(crate) fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = match kind {
            Kind::Sqlite => Place::from(folder.path()),
        };
        Self { folder, place }
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
