//! `punctual history` prints the history that a program has written to a store.

use punctual_backends::{Backend, Options};
use punctual_tests::backend;
use punctual_tests::past_runs::{assert_history_printed, insert_history, run_history_command};
use punctual_tests::test_store::TestStore;

async fn check_history_command(backend: &'static Backend) {
    let folder = tempfile::tempdir().unwrap();
    let test_store = TestStore::new(backend, folder.path());
    insert_history(&*test_store.location().store_with(Options::new().with("prefix", "mine_")))
        .await;
    let url = test_store.location().url();
    assert_history_printed(&["--store", url, "--table-prefix", "mine_"]).await;
    // Runs the command twice: if the first call had created tables, the second would find them.
    for _ in 0..2 {
        assert_eq!(
            run_history_command(&["--store", url]).await.unwrap_or_default(),
            [""; 0],
            "no runs without the prefix"
        );
    }
}

macro_rules! for_every_store {
    ($($store:ident)*) => {$(
        #[tokio::test]
        async fn $store() {
            check_history_command(backend(stringify!($store))).await;
        }
    )*};
}

punctual_backends::for_each_backend!(persistent => for_every_store);
