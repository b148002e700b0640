//! The stores of each backend.

use std::path::Path;
use std::sync::Arc;

use punctual::{DynJobStore, StoreError};
use punctual_backends::{Backend, Location, Options};

/// The two stores of a backend: one for few jobs, one for many.
pub(crate) enum BenchStores {
    /// Opened for each measurement.
    Urls(&'static Backend, [(String, Options); 2]),
    /// In-memory stores, whose jobs exist only as long as the value.
    Instances([Arc<dyn DynJobStore>; 2]),
}

impl BenchStores {
    /// Returns `None` if the backend needs a server and there is none.
    pub(crate) fn of(backend: &'static Backend, folder: &Path) -> Result<Option<Self>, StoreError> {
        let start = backend.url_prefixes().next().unwrap_or_default();
        Ok(Some(match backend.location() {
            Location::Process => {
                let open = || backend.open(&start, &Options::new());
                Self::Instances([open()?, open()?])
            }
            Location::File => {
                let url = |name| format!("{start}{}", folder.join(name).display());
                Self::Urls(backend, ["few", "many"].map(|name| (url(name), Options::new())))
            }
            Location::Server => {
                let Some(url) = server_url(backend.id()) else { return Ok(None) };
                let prefixes = ["bench_few_", "bench_many_"];
                let options = prefixes.map(|prefix| Options::new().with("prefix", prefix));
                Self::Urls(backend, options.map(|options| (url.clone(), options)))
            }
        }))
    }

    /// Returns one of the two stores.
    pub(crate) fn open(&self, many: bool) -> Result<Arc<dyn DynJobStore>, StoreError> {
        match self {
            Self::Urls(backend, places) => {
                let (url, options) = &places[usize::from(many)];
                backend.open(url, options)
            }
            Self::Instances(stores) => Ok(Arc::clone(&stores[usize::from(many)])),
        }
    }
}

/// The URL of a backend's server, if the variable is set.
pub(crate) fn server_url(id: &str) -> Option<String> {
    std::env::var(format!("PUNCTUAL_TEST_{}_URL", id.to_uppercase())).ok()
}
