//! A database of a test's own.

use std::path::Path;
use std::sync::Arc;

use punctual::core::DynJobStore;
use punctual::{BackgroundScheduler, SchedulerBuilder};
use punctual_tests::halt::Halts;
use punctual_tests::server::Server;
use punctual_tests::store::{Place, builder};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
}

/// A database with everything that belongs to it in one folder.
pub(crate) struct Home {
    place: Place,
    server: Option<Server>,
}

impl Home {
    pub(crate) fn new(kind: Kind, folder: &Path) -> Self {
        match kind {
            Kind::Sqlite => Self { place: Place::from(folder), server: None },
        }
    }

    /// A store there, started.
    pub(crate) async fn open(&self) -> Arc<dyn DynJobStore> {
        let store = self.place.store();
        store.start().await.expect("the store starts");
        store
    }

    /// A scheduler on a store there.
    pub(crate) fn scheduler(&self) -> SchedulerBuilder<BackgroundScheduler> {
        builder(&self.place, Halts(watch::Sender::new(None)))
    }

    /// The server, if there is one, crashes and is started again.
    pub(crate) fn crash(&self) {
        if let Some(server) = &self.server {
            server.down();
            server.up();
        }
    }
}
