//! Thousands of runs on a store whose calls fail before, during and after their execution. No run is lost, no fire time
//! is run twice, and the stored data are consistent.

mod fault_injector;
mod flaky;
mod proxy;
mod under_faults;

use punctual_backends::Backend;
use punctual_tests::backend;
use punctual_tests::store::StoreLocation;
use punctual_tests::test_store::TestStore;

use crate::flaky::FlakyStore;
use crate::proxy::FaultProxy;

fn run_jobs_under_faults(backend: &'static Backend) {
    let folder = tempfile::tempdir().unwrap();
    let test_store = TestStore::new(backend, folder.path());
    let (periods, proxy, location) = match test_store.server() {
        Some(server) => {
            let (proxy, url) = FaultProxy::to(server.url());
            // The client of MongoDB waits for half a second after each closed connection.
            let periods = if backend.id() == "mongodb" { 12 } else { 40 };
            (periods, Some(proxy), StoreLocation::at(url))
        }
        None => (100, None, test_store.location().clone()),
    };
    under_faults::run(periods, |faults| FlakyStore { store: location.store(), faults, proxy });
}

macro_rules! for_every_store {
    ($($store:ident)*) => {$(
        #[test]
        fn $store() {
            run_jobs_under_faults(backend(stringify!($store)));
        }
    )*};
}

punctual_backends::for_each_backend!(all => for_every_store);
