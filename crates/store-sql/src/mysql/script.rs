//! Several statements in one packet: one round trip.

use futures_util::TryStreamExt;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, Either, MySqlConnection};

use super::numbered::literal;
use crate::client::Value;
use crate::tables::TablePrefix;

/// Longer scripts go in several packets of about this size: servers take no packets of any size.
const PACKET: usize = 512 * 1024;

/// Statements to be carried out one after the other, until one fails.
#[derive(Debug)]
pub(super) struct Script<'a> {
    tables: &'a TablePrefix,
    packets: Vec<String>,
    statements: usize,
}

/// What became of a statement.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) rows: Vec<MySqlRow>,
    /// How many rows it found that were to be changed, also where they are as they were.
    changed: u64,
}

impl Answer {
    /// Whether it found a row, to change it or to answer it.
    pub(super) fn found(&self) -> bool {
        self.changed > 0 || !self.rows.is_empty()
    }
}

impl<'a> Script<'a> {
    pub(super) fn new(tables: &'a TablePrefix) -> Self {
        Self { tables, packets: Vec::new(), statements: 0 }
    }

    /// Adds a statement of ours; the place of its answer among all.
    pub(super) fn push(&mut self, statement: &'static str, values: &[Value<'_>]) -> usize {
        self.append(literal(&self.tables.fill(statement), values))
    }

    /// Adds a statement with a list: its head, an item for each row of values, its tail.
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

    /// Whether it goes in more than one packet.
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

    /// Carries them out; the answer to each.
    pub(super) async fn run(
        self,
        connection: &mut MySqlConnection,
    ) -> Result<Vec<Answer>, sqlx::Error> {
        let mut answers = Vec::with_capacity(self.statements);
        for packet in self.packets {
            let mut answer = Answer::default();
            // Made of statements of ours and of digits.
            let mut results = sqlx::raw_sql(AssertSqlSafe(packet)).fetch_many(&mut *connection);
            while let Some(result) = results.try_next().await? {
                match result {
                    Either::Right(row) => answer.rows.push(row),
                    Either::Left(done) => {
                        answer.changed = done.rows_affected();
                        answers.push(std::mem::take(&mut answer));
                    }
                }
            }
        }
        Ok(answers)
    }
}
