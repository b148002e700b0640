//! Thousands of runs on a store whose calls fail before, during and after their execution. No run is lost, no fire time
//! is run twice, and the stored data are consistent.

mod dice;
mod flaky;
mod line;
mod storm;

use punctual_backends::Backend;
use punctual_tests::backend;
use punctual_tests::home::Home;
use punctual_tests::store::Place;

use crate::flaky::Flaky;
use crate::line::Line;

fn a_storm_rages(backend: &'static Backend) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(backend, folder.path());
    let (periods, line, place) = match home.server() {
        Some(server) => {
            let (line, url) = Line::to(server.url());
            (40, Some(line), Place::at(url))
        }
        None => (100, None, home.place().clone()),
    };
    storm::rages(periods, |dice| Flaky { store: place.store(), dice, line });
}

macro_rules! on_every_store {
    ($($store:ident)*) => {$(
        #[test]
        fn $store() {
            a_storm_rages(backend(stringify!($store)));
        }
    )*};
}

punctual_backends::for_each_backend!(all => on_every_store);
