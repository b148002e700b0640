//! A store for one test.

use std::path::Path;
use std::sync::Arc;

use punctual::{BackgroundScheduler, DynJobStore, SchedulerBuilder};
use punctual_backends::{Backend, Location};
use tokio::sync::watch;

use crate::failpoint::FailpointControl;
use crate::server::Server;
use crate::store::{StoreLocation, builder};

/// The store of one test, with all its files in one folder.
#[derive(Debug)]
pub struct TestStore {
    location: StoreLocation,
    server: Option<Server>,
}

impl TestStore {
    /// Creates an empty store. If the backend is a server, the test gets its own server.
    ///
    /// # Panics
    ///
    /// Panics if the server can't be started; `scripts/services` has printed the reason.
    #[must_use]
    pub fn new(backend: &'static Backend, folder: &Path) -> Self {
        match backend.location() {
            Location::Process | Location::File => {
                Self { location: StoreLocation::in_folder(backend, folder), server: None }
            }
            Location::Server => {
                let server = Server::start_in(backend.id(), folder.join("services"));
                Self { location: StoreLocation::at(server.url()), server: Some(server) }
            }
        }
    }

    /// Returns the location of the store.
    #[must_use]
    pub fn location(&self) -> &StoreLocation {
        &self.location
    }

    /// Returns the server, if the backend has one.
    #[must_use]
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// Opens the store and starts it.
    ///
    /// # Panics
    ///
    /// Panics if the store fails to start.
    pub async fn open(&self) -> Arc<dyn DynJobStore> {
        let store = self.location.store();
        store.start().await.expect("the store starts");
        store
    }

    /// Returns the builder of a scheduler on this store.
    pub fn scheduler(&self) -> SchedulerBuilder<BackgroundScheduler> {
        builder(&self.location, FailpointControl(watch::Sender::new(None)))
    }

    /// Returns whether the store has a server that has crashed.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        self.server.as_ref().is_some_and(|server| !server.is_running())
    }

    /// Crashes the server, if there is one, and starts it again.
    pub fn restart(&self) {
        if let Some(server) = &self.server {
            server.down();
            server.up();
        }
    }
}
