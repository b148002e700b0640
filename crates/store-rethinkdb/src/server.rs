//! What is checked and created when a store is started: the server's version, the database and the indexes.

use std::time::Duration;

use punctual_core::{StoreError, Timestamp};
use punctual_store_kit::invalid;
use serde_json::Value;

use crate::database::RethinkDb;
use crate::error::{RequestError, unsupported};
use crate::layout::Table;
use crate::reql::Term;

/// The oldest supported version.
const MIN_VERSION: (u32, u32) = (2, 4);

/// How long the creation of tables and indexes may take, which depends on the number of jobs.
pub(crate) const CREATION_TIMEOUT: Duration = Duration::from_secs(120);

impl RethinkDb {
    /// Checks the server, and creates what is missing, if this is allowed.
    pub(crate) async fn prepare(&self, make_tables: bool) -> Result<(), StoreError> {
        let server = self.client.version().await?;
        if version(&server).is_none_or(|version| version < MIN_VERSION) {
            return Err(unsupported(format!("RethinkDB 2.4 or newer is required, not {server:?}")));
        }
        let database = self.tables.database();
        if !self.names(Term::db_list()).await?.iter().any(|name| name == database) {
            self.create(make_tables, "the database doesn't exist", Term::db_create(database))
                .await?;
        }
        if make_tables {
            self.create_tables().await?;
        } else {
            let names = self.names(Term::db(database).table_list()).await?;
            if Table::ALL.iter().any(|table| !names.contains(&self.tables.name(*table))) {
                return Err(missing("the job tables don't exist"));
            }
        }
        for table in Table::ALL {
            let _: Value =
                self.client.value_within(CREATION_TIMEOUT, &self.plain(table).wait()).await?;
            self.check_acknowledgement(table).await?;
            self.create_indexes(table, make_tables).await?;
        }
        Ok(())
    }

    pub(crate) async fn names(&self, term: Term) -> Result<Vec<String>, RequestError> {
        self.client.value(&term).await
    }

    /// A table without options for reading.
    pub(crate) fn plain(&self, table: Table) -> Term {
        Term::db(self.tables.database()).table(&self.tables.name(table))
    }

    /// Creates something that another process may be creating, too.
    async fn create(
        &self,
        is_allowed: bool,
        what: &'static str,
        term: Term,
    ) -> Result<(), StoreError> {
        if !is_allowed {
            return Err(missing(what));
        }
        match self.client.value_within::<Value>(CREATION_TIMEOUT, &term).await {
            Err(error) if !error.is_already_there() => Err(error.into()),
            _ => Ok(()),
        }
    }

    async fn create_indexes(&self, table: Table, is_allowed: bool) -> Result<(), StoreError> {
        if table.indexes().is_empty() {
            return Ok(());
        }
        let names = self.names(self.plain(table).index_list()).await?;
        for (field, is_multi) in table.indexes() {
            if !names.iter().any(|name| name == field) {
                let create = self.plain(table).index_create(field).with("multi", *is_multi);
                self.create(is_allowed, "an index of the job tables doesn't exist", create).await?;
            }
        }
        let wait = self.plain(table).index_wait();
        let _: Value = self.client.value_within(CREATION_TIMEOUT, &wait).await?;
        Ok(())
    }

    /// Fails if changes are acknowledged before a majority of the replicas has them: a claim could be lost then.
    async fn check_acknowledgement(&self, table: Table) -> Result<(), StoreError> {
        let acknowledged = self.plain(table).config().field("write_acks");
        let acknowledged = match self.client.value::<String>(&acknowledged).await {
            // Not every user may read it.
            Err(RequestError::Query { .. }) => return Ok(()),
            acknowledged => acknowledged?,
        };
        match acknowledged.as_str() {
            "majority" => Ok(()),
            other => {
                let name = self.tables.name(table);
                Err(invalid(format!(
                    "the table {name:?} must have write_acks `majority`, not {other:?}"
                )))
            }
        }
    }

    /// The time of the server's clock, in milliseconds.
    pub(crate) async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let seconds: f64 = self.client.value(&Term::now()).await?;
        // Its milliseconds are exact in a number until the year 9999 and beyond; the sum of a fraction is not.
        let millis = (seconds * 1e3).round();
        Ok(Timestamp::from_micros((millis as i64).saturating_mul(1_000)))
    }
}

fn missing(what: &str) -> StoreError {
    invalid(format!("{what}, and `make_tables` is false"))
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        assert_eq!(version("2.4.4"), Some((2, 4)));
        assert_eq!(version("2.4.4~0bookworm"), Some((2, 4)));
        assert!(version("2.10.0") > version("2.4.0"));
        assert_eq!(["", "2", "a.b"].map(version), [None; 3]);
    }
}
