//! Metadata values, and the removal of corrupt records of all kinds.

use punctual_core::{CorruptKind, CorruptRecord, JobId, Metadata, StoreError};
use serde::de::DeserializeOwned;

use crate::client::Value::{Int, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::{rows, sql};

impl<D: Dialect> Database<D> {
    pub(crate) async fn metadata(&self) -> Result<Metadata, StoreError> {
        let mut metadata = Metadata::default();
        for row in &self.query(sql::METADATA, &[]).await? {
            match rows::metadata(row) {
                Ok(value) => metadata.values.push(value),
                Err(corrupt) => metadata.corrupt.push(corrupt),
            }
        }
        Ok(metadata)
    }

    pub(crate) async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let values = [Text(key), Text(value)];
        self.execute_in_transaction(D::STATEMENTS.set_metadata, &values).await.map(drop)
    }

    /// Sets a value, unless the key exists, in the connection's transaction.
    pub(crate) async fn add_metadata_in(
        &self,
        connection: &mut D::Connection,
        key: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let values = [Text(key), Text(value)];
        self.execute(connection, D::STATEMENTS.add_metadata, &values).await.map(drop)
    }

    /// Removes a corrupt record by the key that the module `rows` has assigned to it.
    pub(crate) async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let key = record.key.as_str();
        let mut transaction = self.dialect.write().await?;
        let removed = match record.kind {
            CorruptKind::Job => self.remove_named(&mut transaction, &[key]).await?.len() as u64,
            CorruptKind::Node => {
                self.execute(&mut transaction, sql::DISCARD_NODE, &[Text(key)]).await?
            }
            CorruptKind::Metadata => {
                self.execute(&mut transaction, sql::DISCARD_METADATA, &[Text(key)]).await?
            }
            CorruptKind::Run => match parse_composite_key::<(String, String)>(key) {
                Some((job, run)) => self.discard_run(&mut transaction, &job, &run).await?,
                None => 0,
            },
            CorruptKind::History => match parse_composite_key::<(i64, String, i64)>(key) {
                Some((finished, run, attempt)) => {
                    let values = [Int(finished), Text(&run), Int(attempt)];
                    self.execute(&mut transaction, D::STATEMENTS.discard_entry, &values).await?
                }
                None => 0,
            },
            // An unknown kind, added by a newer version of punctual-core, can't be from this store.
            _ => 0,
        };
        self.commit(transaction).await?;
        Ok(removed > 0)
    }

    /// Removes a run. If it was the last one of a finished job, the job is removed, too.
    async fn discard_run(
        &self,
        connection: &mut D::Connection,
        job: &str,
        run: &str,
    ) -> Result<u64, StoreError> {
        let values = [Text(job), Text(run)];
        let removed = self.execute(connection, D::STATEMENTS.discard_run, &values).await?;
        if let Ok(id) = JobId::new(job)
            && let Ok(Some(job)) = self.get_in(connection, &id).await
            && job.is_removable()
        {
            self.remove_in(connection, &[id]).await?;
        }
        Ok(removed)
    }
}

/// Parses a composite key. Returns `None` if the key was not created by this store.
fn parse_composite_key<T: DeserializeOwned>(key: &str) -> Option<T> {
    serde_json::from_str(key).ok()
}
