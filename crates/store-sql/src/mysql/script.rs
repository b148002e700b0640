//! Scripts: several statements in one packet and therefore one round trip.

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Either, MySqlConnection};

use super::parameters::literal;
use crate::client::Value;
use crate::tables::TablePrefix;

/// The approximate size of a packet. Longer scripts are split, because servers limit the size of packets.
const PACKET: usize = 512 * 1024;

/// Statements that are executed one after the other until one fails.
#[derive(Debug)]
pub(super) struct Script<'a> {
    tables: &'a TablePrefix,
    packets: Vec<String>,
    statements: usize,
}

/// The result of a statement.
#[derive(Default)]
pub(super) struct StatementResult {
    pub(super) rows: Vec<MySqlRow>,
    /// The number of rows that an update matched, including those that it did not change.
    pub(super) changed: u64,
}

impl StatementResult {
    /// Whether the statement matched or returned a row.
    pub(super) fn matched_row(&self) -> bool {
        self.changed > 0 || !self.rows.is_empty()
    }
}

impl<'a> Script<'a> {
    pub(super) fn new(tables: &'a TablePrefix) -> Self {
        Self { tables, packets: Vec::new(), statements: 0 }
    }

    /// Adds a statement of this crate and returns the index of its result.
    pub(super) fn push(&mut self, statement: &'static str, values: &[Value<'_>]) -> usize {
        self.append(literal(&self.tables.fill(statement), values))
    }

    /// Adds a statement with a list: a head, an item for each row of values, and a tail. Returns the index of its
    /// result.
    pub(super) fn push_list<'v, const N: usize>(
        &mut self,
        [head, item, tail]: [&'static str; 3],
        rows: impl IntoIterator<Item = [Value<'v>; N]>,
    ) -> usize {
        let mut statement = self.tables.fill(head);
        for (number, values) in rows.into_iter().enumerate() {
            if number > 0 {
                statement.push(',');
            }
            statement.push_str(&literal(item, &values));
        }
        statement.push_str(&self.tables.fill(tail));
        self.append(statement)
    }

    /// Whether the script needs more than one packet.
    pub(super) fn is_long(&self) -> bool {
        self.packets.len() > 1
    }

    fn append(&mut self, statement: String) -> usize {
        match self.packets.last_mut() {
            Some(packet) if packet.len() + statement.len() < PACKET => {
                packet.push(';');
                packet.push_str(&statement);
            }
            _ => self.packets.push(statement),
        }
        self.statements += 1;
        self.statements - 1
    }

    /// Executes the statements and returns their results.
    pub(super) async fn run(
        self,
        connection: &mut MySqlConnection,
    ) -> Result<Vec<StatementResult>, sqlx::Error> {
        let mut results = Vec::with_capacity(self.statements);
        for packet in self.packets {
            let mut result = StatementResult::default();
            // The script consists of statements of this crate and of hexadecimal values.
            let mut stream = sqlx::raw_sql(AssertSqlSafe(packet)).fetch_many(&mut *connection);
            while let Some(next) = stream.try_next().await? {
                match next {
                    Either::Right(row) => result.rows.push(row),
                    Either::Left(done) => {
                        result.changed = done.rows_affected();
                        results.push(std::mem::take(&mut result));
                    }
                }
            }
        }
        Ok(results)
    }
}
