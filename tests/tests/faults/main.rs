//! Thousands of occurrences on a connection that fails: before, in the middle of and after what it is asked for.
//! Nothing is lost, nothing runs twice that has promised so, and what is stored is whole.

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
