//! Adding, updating, removing and listing jobs.

use std::collections::HashSet;

use punctual_core::{
    AddOutcome, CorruptRecord, JobCursor, JobId, JobRecord, JobRecordPage, NewRecord, RecordUpdate,
    Revision, StoreError, StoredJob, Timestamp,
};
use punctual_store_kit::PageReader;

use crate::batch::{STATEMENT_LIMIT, job_chunks, json};
use crate::client::SqlRow;
use crate::client::Value::{Bool, Bytes, Int, NullableInt, NullableText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::{rows, sql};

/// The position of a row in the list: its stored run time and id.
type ListPosition = (Option<i64>, String);

/// The maximum number of attempts of an update for a job that is removed and added again while the update waits for its
/// lock.
const UPDATE_ATTEMPTS: u32 = 10;

impl<D: Dialect> Database<D> {
    pub(crate) async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        if let Some(outcomes) = self.dialect.add_at_once(records).await? {
            return Ok(outcomes);
        }
        let mut transaction = self.dialect.write().await?;
        let outcomes = self.add_in(&mut transaction, records).await?;
        self.commit(transaction).await?;
        Ok(outcomes)
    }

    /// Adds jobs in the connection's transaction.
    pub(crate) async fn add_in(
        &self,
        connection: &mut D::Connection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(records.len());
        for part in job_chunks(records, STATEMENT_LIMIT) {
            outcomes.extend(self.dialect.add(connection, part).await?);
        }
        Ok(outcomes)
    }

    pub(crate) async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let revision = self.update_in(&mut transaction, id, expected, update).await;
        match revision {
            Ok(_) => self.commit(transaction).await?,
            // Roll back before returning, so that the row lock is released when the caller retries after the conflict.
            Err(_) => drop(transaction.rollback().await),
        }
        revision
    }

    /// Updates a job in the connection's transaction.
    pub(crate) async fn update_in(
        &self,
        connection: &mut D::Connection,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let schedule = update.schedule.flatten();
        let task = update.definition.as_ref().map(|(task, _)| task.as_str());
        let values = [
            Text(id.as_str()),
            Int(expected.0),
            Bool(update.schedule.is_some()),
            NullableInt(schedule.map(|schedule| schedule.next_run_time.as_micros())),
            NullableInt(schedule.map(|schedule| schedule.due_at.as_micros())),
            NullableText(task),
            NullableInt(update.fire_count.map(|count| i64::try_from(count).unwrap_or(i64::MAX))),
            Bool(update.expected_run_time.is_some()),
            NullableInt(update.expected_run_time.flatten().map(Timestamp::as_micros)),
        ];
        let mut attempts = 0;
        while self.execute(connection, D::STATEMENTS.update, &values).await? == 0 {
            attempts += 1;
            let found = self.fetch(connection, sql::REVISION, &values[..1]).await?;
            let Some(row) = found.first() else { return Err(StoreError::not_found(id)) };
            let run_time = row.nullable_int(1)?.map(Timestamp::from_micros);
            let is_expected = row.int(0)? == expected.0
                && update.expected_run_time.is_none_or(|expected| expected == run_time);
            // Otherwise the job was removed and added again while the update waited for the lock.
            if !is_expected || attempts == UPDATE_ATTEMPTS {
                return Err(StoreError::conflict(id));
            }
        }
        if let Some((_, definition)) = &update.definition {
            let values = [Text(id.as_str()), Bytes(definition.as_bytes())];
            self.execute(connection, D::STATEMENTS.update_definition, &values).await?;
        }
        self.dialect.notify_change(connection).await?;
        Ok(expected.next())
    }

    pub(crate) async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let removed = self.remove_in(&mut transaction, ids).await?;
        self.commit(transaction).await?;
        Ok(removed)
    }

    /// Removes jobs in the connection's transaction.
    pub(crate) async fn remove_in(
        &self,
        connection: &mut D::Connection,
        ids: &[JobId],
    ) -> Result<Vec<bool>, StoreError> {
        let names: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        let mut removed = self.remove_named(connection, &names).await?;
        Ok(names.into_iter().map(|name| removed.remove(name)).collect())
    }

    /// Removes jobs by ids that may be invalid, and returns the ids of the jobs that existed.
    pub(crate) async fn remove_named(
        &self,
        connection: &mut D::Connection,
        ids: &[&str],
    ) -> Result<HashSet<String>, StoreError> {
        let ids = json(ids)?;
        let ids = [Text(&ids)];
        // Jobs are locked first: recording a run requires the lock of its job, so no run can be added concurrently.
        let found = self.fetch(connection, D::STATEMENTS.lock_jobs, &ids).await?;
        if !found.is_empty() {
            self.execute(connection, D::STATEMENTS.remove, &ids).await?;
            self.execute(connection, D::STATEMENTS.remove_runs, &ids).await?;
        }
        Ok(found.iter().map(|row| row.lossy_text(0)).collect())
    }

    pub(crate) async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let mut connection = self.dialect.read().await?;
        let found = self.get_in(&mut connection, id).await?;
        connection.release();
        Ok(found)
    }

    /// Returns the job in the state that the connection's transaction sees.
    pub(crate) async fn get_in(
        &self,
        connection: &mut D::Connection,
        id: &JobId,
    ) -> Result<Option<StoredJob>, StoreError> {
        let found = self.fetch(connection, D::STATEMENTS.get, &[Text(id.as_str())]).await?;
        rows::stored(&found).map_err(rows::corrupt)
    }

    pub(crate) async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        let mut page = PageReader::<ListPosition, JobRecord>::new(limit);
        if page.wanted().is_none() {
            return Ok(page.into_page());
        }
        let after = after.map(|cursor| {
            (cursor.next_run_time.map(Timestamp::as_micros), cursor.id.as_str().to_owned())
        });
        let mut transaction = self.dialect.snapshot().await?;
        while let Some(wanted) = page.wanted() {
            let position = page.after().or(after.as_ref()).cloned();
            let mut found = Vec::new();
            if position.as_ref().is_none_or(|(time, _)| time.is_some()) {
                found = self.scheduled(&mut transaction, position.as_ref(), wanted).await?;
            }
            if found.len() < wanted {
                let position = position.as_ref().filter(|(time, _)| time.is_none());
                let rest = wanted - found.len();
                found.extend(self.unscheduled(&mut transaction, position, rest).await?);
            }
            page.push(found);
        }
        Ok(page.into_page())
    }

    async fn scheduled(
        &self,
        connection: &mut D::Connection,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Vec<(ListPosition, Result<JobRecord, CorruptRecord>)>, StoreError> {
        let limit = rows::limit(limit);
        let found = match after.and_then(|(time, id)| Some(((*time)?, id))) {
            None => self.fetch(connection, D::STATEMENTS.list_scheduled, &[limit]).await?,
            Some((time, id)) => {
                let values = [limit, Int(time), Text(id)];
                self.fetch(connection, D::STATEMENTS.list_scheduled_after, &values).await?
            }
        };
        found.iter().map(positioned).collect()
    }

    async fn unscheduled(
        &self,
        connection: &mut D::Connection,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Vec<(ListPosition, Result<JobRecord, CorruptRecord>)>, StoreError> {
        let limit = rows::limit(limit);
        let found = match after {
            None => self.fetch(connection, D::STATEMENTS.list_unscheduled, &[limit]).await?,
            Some((_, id)) => {
                let values = [limit, Text(id)];
                self.fetch(connection, D::STATEMENTS.list_unscheduled_after, &values).await?
            }
        };
        found.iter().map(positioned).collect()
    }
}

/// A record with its position.
fn positioned(
    row: &impl SqlRow,
) -> Result<(ListPosition, Result<JobRecord, CorruptRecord>), StoreError> {
    Ok(((row.nullable_int(5)?, row.lossy_text(0)), rows::record(row)))
}
