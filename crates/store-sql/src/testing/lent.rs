//! What becomes of a connection after a call.

use crate::client::{Client, Columns};
use crate::dialect::Dialect;

/// Of a pool with one connection, whose number on the server this statement answers.
pub(crate) async fn only_finished_calls_give_it_back<D: Dialect>(
    dialect: &D,
    number: &'static str,
) {
    let mut numbers = Vec::new();
    for finished in [true, false, true] {
        let mut connection = dialect.read().await.unwrap();
        let rows = connection.fetch(dialect.sql(number), &[]).await.unwrap();
        numbers.push(rows[0].int(0).unwrap());
        match finished {
            true => connection.finish(),
            false => drop(connection),
        }
    }
    assert_eq!(numbers[0], numbers[1], "it is used again");
    assert_ne!(numbers[1], numbers[2], "nobody knows what it was about, so it was closed");
}
