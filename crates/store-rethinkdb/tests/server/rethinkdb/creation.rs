//! The creation of tables by several processes at once, and what a killed one leaves.

use futures_util::future::join_all;
use punctual_testkit::calls::{add, at, claim};
use serde_json::json;

use super::database::Database;
use crate::session::{Session, table};

/// The names of the tables of a database, with repetitions.
fn tables(session: &mut Session, database: &str) -> Vec<String> {
    let config = table("rethinkdb", "table_config");
    let rows = session.run(json!([51, [[39, [config, { "db": database }]], "array"]]));
    let rows = rows.as_array().expect("an array");
    let mut names: Vec<_> =
        rows.iter().map(|row| row["name"].as_str().expect("a name").to_owned()).collect();
    names.sort_unstable();
    names
}

const NAMES: [&str; 3] = ["punctual_history", "punctual_jobs", "punctual_shared"];

#[tokio::test(flavor = "multi_thread")]
async fn stores_that_start_at_once_create_each_table_once() {
    let database = Database::new();
    let mut session = Database::session();
    for _ in 0..5 {
        let stores = join_all((0..6).map(|_| database.started())).await;
        assert_eq!(tables(&mut session, &database.name), NAMES);
        add(&stores[0], &["a"]).await.unwrap();
        assert_eq!(claim(&stores[5], at(1)).await.unwrap().len(), 1);
        session.drop_database(&database.name);
    }
}

#[tokio::test]
async fn tables_of_a_killed_creator_are_completed() {
    let database = Database::new();
    let mut session = Database::session();
    session.run(json!([57, [database.name]]));
    session.run(json!([60, [[14, [database.name]], "punctual_shared"]]));
    let stores = join_all((0..3).map(|_| database.started())).await;
    assert_eq!(tables(&mut session, &database.name), NAMES);
    add(&stores[0], &["a"]).await.unwrap();
    // One that a user drops is created again.
    session.run(json!([61, [[14, [database.name]], "punctual_history"]]));
    join_all((0..3).map(|_| database.started())).await;
    assert_eq!(tables(&mut session, &database.name), NAMES);
    assert_eq!(claim(&stores[2], at(1)).await.unwrap().len(), 1);
}
