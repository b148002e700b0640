//! The store that a test's processes share, looked at by the test itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use punctual::SchedulerBuilder;
use punctual::core::DynJobStore;
use punctual::prelude::*;
use punctual_backends::{Backend, Location, Options};
use punctual_testkit::Layered;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::backend;
use crate::halt::{HaltingLayer, Halts};
use crate::jobs::occur;

/// Where the jobs are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Place {
    url: String,
}

/// How a store on a server is opened, where it is not as it is by default.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Access {
    /// What the names of the tables begin with, so that several tests can share a server.
    pub table_prefix: Option<String>,
    /// How long a call may wait for a connection, and as long again for its answer.
    pub timeout: Option<Duration>,
}

impl Access {
    /// The same as options of the store.
    #[must_use]
    pub fn options(&self) -> Options {
        let mut options = Options::new();
        if let Some(prefix) = &self.table_prefix {
            options = options.with("prefix", prefix);
        }
        if let Some(timeout) = self.timeout.map(|timeout| timeout.as_secs_f64()) {
            options = options.with("acquire_timeout", timeout).with("statement_timeout", timeout);
        }
        options
    }
}

impl Place {
    /// Where this URL says.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into() }
    }

    /// The file of this backend in this folder; or the memory of the process, if that is what it is.
    ///
    /// # Panics
    ///
    /// When the backend is on a server.
    #[must_use]
    pub fn in_folder(backend: &Backend, folder: &Path) -> Self {
        let start = backend.url_starts().next().expect("URLs");
        match backend.location() {
            Location::Process => Self::at(start),
            Location::File => {
                let file = folder.join(format!("jobs.{}", backend.word()));
                Self::at(format!("{start}{}", file.display()))
            }
            Location::Server => panic!("{backend:?} is in no folder"),
        }
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kind of store.
    ///
    /// # Panics
    ///
    /// When there is none with such a URL.
    #[must_use]
    pub fn backend(&self) -> &'static Backend {
        let (scheme, _) = self.url.split_once(':').expect("a URL");
        Backend::of_url(&self.url).unwrap_or_else(|_| backend(scheme))
    }

    /// The file, if that is where the jobs are.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        let (_, file) = self.url.split_once(':').expect("a URL");
        (self.backend().location() == Location::File).then(|| Path::new(file))
    }

    /// Opens a store there.
    ///
    /// # Panics
    ///
    /// When there can't be one there.
    #[must_use]
    pub fn store(&self) -> Arc<dyn DynJobStore> {
        self.store_with(Options::new())
    }

    /// Opens a store there, with options.
    ///
    /// # Panics
    ///
    /// When there can't be one there.
    #[must_use]
    pub fn store_with(&self, options: Options) -> Arc<dyn DynJobStore> {
        // Processes are killed, and nobody pulls the plug: no reason to wait for a disk that may be slow.
        let options = match self.backend().options().contains(&"synchronous") {
            true => options.with("synchronous", "normal"),
            false => options,
        };
        self.backend().open(&self.url, &options).expect("a store")
    }
}

impl From<&Path> for Place {
    /// The SQLite file in this folder.
    fn from(folder: &Path) -> Self {
        Self::in_folder(backend("sqlite"), folder)
    }
}

/// Opens the store with a scheduler that runs nothing, does `work`, and closes it.
///
/// # Errors
///
/// What the scheduler or `work` says.
pub fn with_store<T>(
    place: impl Into<Place>,
    work: impl FnOnce(&BackgroundScheduler) -> Result<T, SchedulerError>,
) -> Result<T, SchedulerError> {
    let scheduler = builder(&place.into(), Halts(watch::Sender::new(None))).build()?;
    scheduler.start_paused()?;
    let result = work(&scheduler);
    scheduler.shutdown()?;
    result
}

/// A scheduler on the store there, which halts where it should.
///
/// # Panics
///
/// When there can't be one there.
pub fn builder(place: &Place, halts: Halts) -> SchedulerBuilder<BackgroundScheduler> {
    builder_with(place.store(), halts)
}

/// A scheduler on the store, which halts where it should.
pub fn builder_with(
    store: Arc<dyn DynJobStore>,
    halts: Halts,
) -> SchedulerBuilder<BackgroundScheduler> {
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", Layered(HaltingLayer { store, halts }))
        .task(occur)
}
