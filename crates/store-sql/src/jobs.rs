//! Adding, changing, removing and listing jobs.

use punctual_core::{
    AddOutcome, JobCursor, JobId, JobPage, JobRecord, NewRecord, RecordUpdate, Revision,
    StoreError, Timestamp,
};

use crate::client::Value::{Bytes, Flag, Int, MaybeInt, MaybeText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::rows;

impl<D: Dialect> Database<D> {
    pub(crate) async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let outcomes = self.add_in(&mut transaction, records).await?;
        self.end(transaction).await?;
        Ok(outcomes)
    }

    /// Adds jobs as a part of the connection's transaction.
    pub(crate) async fn add_in(
        &self,
        connection: &mut D::Connection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let outcomes = self.dialect.add(connection, records).await?;
        if outcomes.contains(&AddOutcome::Added) {
            self.dialect.announce(connection).await?;
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
        let revision = self.update_in(&mut transaction, id, expected, update).await?;
        self.end(transaction).await?;
        Ok(revision)
    }

    /// Changes a job as a part of the connection's transaction.
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
            Flag(update.schedule.is_some()),
            MaybeInt(schedule.map(|schedule| schedule.next_run_time.as_micros())),
            MaybeInt(schedule.map(|schedule| schedule.due_at.as_micros())),
            MaybeText(task),
            Flag(update.restart),
            Flag(update.expected_run_time.is_some()),
            MaybeInt(update.expected_run_time.flatten().map(Timestamp::as_micros)),
        ];
        if self.execute(connection, D::STATEMENTS.update, &values).await? == 0 {
            return Err(match self.exists(connection, id).await? {
                true => StoreError::conflict(id),
                false => StoreError::not_found(id),
            });
        }
        if let Some((_, definition)) = &update.definition {
            let values = [Text(id.as_str()), Bytes(definition.as_bytes())];
            self.execute(connection, D::STATEMENTS.update_definition, &values).await?;
        }
        self.dialect.announce(connection).await?;
        Ok(expected.next())
    }

    async fn exists(&self, connection: &mut D::Connection, id: &JobId) -> Result<bool, StoreError> {
        let found = self.fetch(connection, D::STATEMENTS.exists, &[Text(id.as_str())]).await?;
        Ok(!found.is_empty())
    }

    pub(crate) async fn remove(&self, id: &JobId) -> Result<bool, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let removed = self.remove_in(&mut transaction, id).await?;
        self.end(transaction).await?;
        Ok(removed)
    }

    /// Removes a job as a part of the connection's transaction.
    pub(crate) async fn remove_in(
        &self,
        connection: &mut D::Connection,
        id: &JobId,
    ) -> Result<bool, StoreError> {
        let id = [Text(id.as_str())];
        // The job comes first: whoever records a run holds it, and so none comes after.
        let removed = self.execute(connection, D::STATEMENTS.remove, &id).await?;
        if removed > 0 {
            self.execute(connection, D::STATEMENTS.remove_runs, &id).await?;
        }
        Ok(removed > 0)
    }

    pub(crate) async fn remove_all(&self) -> Result<u64, StoreError> {
        let mut transaction = self.dialect.write().await?;
        let removed = self.execute(&mut transaction, D::STATEMENTS.remove_all, &[]).await?;
        self.execute(&mut transaction, D::STATEMENTS.remove_all_runs, &[]).await?;
        self.end(transaction).await?;
        Ok(removed)
    }

    pub(crate) async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        let mut connection = self.dialect.read().await?;
        let found = self.get_in(&mut connection, id).await?;
        connection.finish();
        Ok(found)
    }

    /// The job as the connection's transaction sees it.
    pub(crate) async fn get_in(
        &self,
        connection: &mut D::Connection,
        id: &JobId,
    ) -> Result<Option<JobRecord>, StoreError> {
        let found = self.fetch(connection, D::STATEMENTS.get, &[Text(id.as_str())]).await?;
        found.first().map(rows::record).transpose()
    }

    pub(crate) async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobPage, StoreError> {
        if limit == 0 {
            return Ok(JobPage::default());
        }
        // One more than asked for tells whether there is another page.
        let wanted = limit.saturating_add(1);
        let mut transaction = self.dialect.snapshot().await?;
        let mut found = Vec::new();
        if after.is_none_or(|cursor| cursor.next_run_time.is_some()) {
            found = self.scheduled(&mut transaction, after, wanted).await?;
        }
        if found.len() < wanted {
            let after = after.filter(|cursor| cursor.next_run_time.is_none());
            let left = wanted - found.len();
            found.extend(self.unscheduled(&mut transaction, after, left).await?);
        }
        let more = found.len() > limit;
        found.truncate(limit);
        Ok(JobPage { next: found.last().filter(|_| more).map(JobCursor::of), records: found })
    }

    async fn scheduled(
        &self,
        connection: &mut D::Connection,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let limit = rows::limit(limit);
        let place = after.and_then(|cursor| Some((cursor.next_run_time?, &cursor.id)));
        let found = match place {
            None => self.fetch(connection, D::STATEMENTS.list_scheduled, &[limit]).await?,
            Some((time, id)) => {
                let values = [limit, Int(time.as_micros()), Text(id.as_str())];
                self.fetch(connection, D::STATEMENTS.list_scheduled_after, &values).await?
            }
        };
        found.iter().map(rows::record).collect()
    }

    async fn unscheduled(
        &self,
        connection: &mut D::Connection,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        // No id is empty, so all come after it.
        let place = after.map_or("", |cursor| cursor.id.as_str());
        let values = [rows::limit(limit), Text(place)];
        let found = self.fetch(connection, D::STATEMENTS.list_unscheduled_after, &values).await?;
        found.iter().map(rows::record).collect()
    }
}
