//! The store that the processes of a test share, as seen by the test itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{DynJobStore, SchedulerBuilder};
use punctual_backends::{Backend, Location, Options};
use punctual_testkit::Layered;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::backend;
use crate::failpoint::{FailpointControl, FailpointLayer};
use crate::jobs::{fail_before, record_run};

/// The location of a store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoreLocation {
    url: String,
}

/// The options of a store on a server that differ from the defaults.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ServerOptions {
    /// The prefix of the table names, so that several tests can share a server.
    pub table_prefix: Option<String>,
    /// All timeouts of the store: for a connection, and for each request.
    pub timeout: Option<Duration>,
}

impl ServerOptions {
    /// Returns the options of a store of this backend.
    #[must_use]
    pub fn options(&self, backend: &Backend) -> Options {
        let mut options = Options::new();
        if let Some(prefix) = &self.table_prefix {
            options = options.with("prefix", prefix);
        }
        if let Some(timeout) = self.timeout.map(|timeout| timeout.as_secs_f64()) {
            for name in backend.options().iter().filter(|name| name.ends_with("timeout")) {
                options = options.with(*name, timeout);
            }
        }
        options
    }
}

impl StoreLocation {
    /// Returns the location that this URL names.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// Returns a file of this backend in this folder; for the memory backend, its URL without a path.
    ///
    /// # Panics
    ///
    /// Panics if the backend is on a server.
    #[must_use]
    pub fn in_folder(backend: &Backend, folder: &Path) -> Self {
        let start = backend.url_prefixes().next().expect("URLs");
        match backend.location() {
            Location::Process => Self::at(start),
            Location::File => {
                let file = folder.join(format!("jobs.{}", backend.id()));
                Self::at(format!("{start}{}", file.display()))
            }
            Location::Server => panic!("{backend:?} is not in a folder"),
        }
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the backend.
    ///
    /// # Panics
    ///
    /// Panics if no backend has such a URL.
    #[must_use]
    pub fn backend(&self) -> &'static Backend {
        let (scheme, _) = self.url.split_once(':').expect("a URL");
        Backend::of_url(&self.url).unwrap_or_else(|_| backend(scheme))
    }

    /// Returns the path, if the store is a file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        let (_, file) = self.url.split_once(':').expect("a URL");
        (self.backend().location() == Location::File).then(|| Path::new(file))
    }

    /// Opens the store.
    ///
    /// # Panics
    ///
    /// Panics if the store can't be opened.
    #[must_use]
    pub fn store(&self) -> Arc<dyn DynJobStore> {
        self.store_with(Options::new())
    }

    /// Opens the store with options.
    ///
    /// # Panics
    ///
    /// Panics if the store can't be opened.
    #[must_use]
    pub fn store_with(&self, options: Options) -> Arc<dyn DynJobStore> {
        // No power loss is tested, so the test needn't wait for syncs, which may be slow.
        let options = match self.backend().options().contains(&"synchronous") {
            true => options.with("synchronous", "normal"),
            false => options,
        };
        self.backend().open(&self.url, &options).expect("a store")
    }
}

impl From<&Path> for StoreLocation {
    /// Returns the location of the SQLite file in this folder.
    fn from(folder: &Path) -> Self {
        Self::in_folder(backend("sqlite"), folder)
    }
}

/// Opens the store with a paused scheduler, calls `work`, and closes the store.
///
/// # Errors
///
/// Returns the error of the scheduler or of `work`.
pub fn with_store<T>(
    location: impl Into<StoreLocation>,
    work: impl FnOnce(&BackgroundScheduler) -> Result<T, SchedulerError>,
) -> Result<T, SchedulerError> {
    let scheduler =
        builder(&location.into(), FailpointControl(watch::Sender::new(None))).build()?;
    scheduler.start_paused()?;
    let result = work(&scheduler);
    scheduler.shutdown()?;
    result
}

/// Returns the builder of a scheduler on the store at this location, which blocks at the chosen point.
///
/// # Panics
///
/// Panics if the store can't be opened.
pub fn builder(
    location: &StoreLocation,
    failpoint: FailpointControl,
) -> SchedulerBuilder<BackgroundScheduler> {
    builder_with(location.store(), failpoint)
}

/// Returns the builder of a scheduler on this store, which blocks at the chosen point.
pub fn builder_with(
    store: Arc<dyn DynJobStore>,
    failpoint: FailpointControl,
) -> SchedulerBuilder<BackgroundScheduler> {
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", Layered(FailpointLayer { store, failpoint }))
        .task(record_run)
        .task(fail_before)
}
