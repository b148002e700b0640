//! `punctual history` as a user with read privileges only, and its errors.

use punctual::prelude::*;
use punctual_tests::past_runs::{assert_history_printed, insert_history, run_history_command};
use punctual_tests::server::Server;

use crate::client::execute;

/// Runs the command twice: if the first call had created tables, the second would find them.
async fn assert_no_tables(store_options: &[&str]) {
    for _ in 0..2 {
        let error = run_history_command(store_options).await.unwrap_err();
        assert!(error.contains("tables"), "{error}");
    }
}

#[tokio::test]
async fn postgres_history_needs_only_read_access() {
    let server = Server::start("postgres");
    let store = PostgresJobStore::builder().url(server.url()).schema("jobs").table_prefix("mine_");
    insert_history(&store.build().unwrap()).await;
    execute(&server, "CREATE ROLE reader LOGIN");
    execute(&server, "GRANT USAGE ON SCHEMA jobs TO reader");
    execute(&server, "GRANT SELECT ON jobs.mine_schema, jobs.mine_history TO reader");
    let url = &server.url().replace("postgres@", "reader:hunter2@");
    assert_history_printed(&["--store", url, "--schema", "jobs", "--table-prefix", "mine_"]).await;
    assert_no_tables(&["--store", url, "--schema", "jobs"]).await;
    // Also as a user who is allowed to create tables.
    assert_no_tables(&["--store", server.url(), "--schema", "new"]).await;
    let error = run_history_command(&["--store", &format!("{url}s")]).await.unwrap_err();
    assert!(error.contains("no such database"), "{error}");
}

#[tokio::test]
async fn mysql_history_needs_only_read_access() {
    let server = Server::start("mysql");
    let store = MySqlJobStore::builder().url(server.url()).table_prefix("mine_");
    insert_history(&store.build().unwrap()).await;
    execute(
        &server,
        "CREATE USER reader@127.0.0.1 IDENTIFIED BY 'hunter2';
         GRANT SELECT ON punctual.mine_schema TO reader@127.0.0.1;
         GRANT SELECT ON punctual.mine_history TO reader@127.0.0.1",
    );
    let url = &server.url().replace("root@", "reader:hunter2@");
    assert_history_printed(&["--store", url, "--table-prefix", "mine_"]).await;
    assert_no_tables(&["--store", server.url()]).await;
    let wrong = url.replace("hunter2", "hunter2s");
    let error = run_history_command(&["--store", &wrong]).await.unwrap_err();
    assert!(error.contains("Access denied"), "{error}");
    let error = run_history_command(&["--store", url, "--schema", "jobs"]).await.unwrap_err();
    assert!(error.contains("has no option \"schema\""), "{error}");
}
