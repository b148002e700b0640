//! `punctual history` prints the history that a program has written to a store.

use punctual_backends::{Backend, Options};
use punctual_tests::backend;
use punctual_tests::home::Home;
use punctual_tests::past_runs::{are_shown, leave, shown};

async fn is_shown(backend: &'static Backend) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(backend, folder.path());
    leave(&*home.place().store_with(Options::new().with("prefix", "mine_"))).await;
    let url = home.place().url();
    are_shown(&["--store", url, "--table-prefix", "mine_"]).await;
    // Runs the command twice: if the first call had created tables, the second would find them.
    for _ in 0..2 {
        assert_eq!(shown(&["--store", url]).await.unwrap_or_default(), [""; 0], "no runs without the prefix");
    }
}

macro_rules! on_every_store {
    ($($store:ident)*) => {$(
        #[tokio::test]
        async fn $store() {
            is_shown(backend(stringify!($store))).await;
        }
    )*};
}

punctual_backends::for_each_backend!(persistent => on_every_store);
