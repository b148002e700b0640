//! A store of a test's own.

use std::path::Path;
use std::sync::Arc;

use punctual::core::DynJobStore;
use punctual::{BackgroundScheduler, SchedulerBuilder};
use punctual_backends::{Backend, Location};
use tokio::sync::watch;

use crate::halt::Halts;
use crate::server::Server;
use crate::store::{Place, builder};

/// A place for the jobs of one test, with everything that belongs to it in one folder.
#[derive(Debug)]
pub struct Home {
    place: Place,
    server: Option<Server>,
}

impl Home {
    /// An empty one. Where the backend is a server, it is the test's own.
    ///
    /// # Panics
    ///
    /// When the server can't be started: `scripts/services` has said why.
    #[must_use]
    pub fn new(backend: &'static Backend, folder: &Path) -> Self {
        match backend.location() {
            Location::Process | Location::File => {
                Self { place: Place::in_folder(backend, folder), server: None }
            }
            Location::Server => {
                let server = Server::start_in(backend.word(), folder.join("services"));
                Self { place: Place::at(server.url()), server: Some(server) }
            }
        }
    }

    /// Where the jobs are.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The server, if the backend has one.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// A store there, started.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn open(&self) -> Arc<dyn DynJobStore> {
        let store = self.place.store();
        store.start().await.expect("the store starts");
        store
    }

    /// A scheduler on a store there.
    pub fn scheduler(&self) -> SchedulerBuilder<BackgroundScheduler> {
        builder(&self.place, Halts(watch::Sender::new(None)))
    }

    /// Whether there is a server that has ended by itself.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.server.as_ref().is_some_and(|server| !server.is_running())
    }

    /// Ends the server, if there is one, as a crash does, and starts it again.
    pub fn restart(&self) {
        if let Some(server) = &self.server {
            server.down();
            server.up();
        }
    }
}
