//! Adding, changing, removing and listing jobs.

use punctual_core::{
    AddOutcome, Fence, JobCursor, JobId, JobPage, JobRecord, NewRecord, RecordUpdate, Revision,
    StoreError,
};
use sqlx::SqliteConnection;

use super::database::Database;
use super::error::store_error;
use super::{rows, sql};

impl Database {
    pub(super) async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        let (add, add_definition) = (self.sql(sql::ADD), self.sql(sql::ADD_DEFINITION));
        let mut outcomes = Vec::with_capacity(records.len());
        let mut transaction = self.write().await?;
        for new in records {
            let added = sqlx::query(add.clone())
                .bind(new.id.as_str())
                .bind(new.task.as_str())
                .bind(Revision::FIRST.0)
                .bind(Fence::random().0)
                .bind(new.schedule.map(|schedule| schedule.next_run_time.as_micros()))
                .bind(new.schedule.map(|schedule| schedule.due_at.as_micros()))
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            if added.rows_affected() == 0 {
                outcomes.push(AddOutcome::Exists);
                continue;
            }
            sqlx::query(add_definition.clone())
                .bind(new.definition.as_bytes())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
            outcomes.push(AddOutcome::Added);
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(outcomes)
    }

    pub(super) async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let schedule = update.schedule.flatten();
        let (task, definition) = update.definition.unzip();
        let mut transaction = self.write().await?;
        let updated = sqlx::query(self.sql(sql::UPDATE))
            .bind(id.as_str())
            .bind(expected.0)
            .bind(update.schedule.is_some())
            .bind(schedule.map(|schedule| schedule.next_run_time.as_micros()))
            .bind(schedule.map(|schedule| schedule.due_at.as_micros()))
            .bind(task.as_ref().map(|task| task.as_str()))
            .bind(update.restart)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(store_error)?;
        let Some(row) = updated else {
            return Err(match self.exists(&mut transaction, id).await? {
                true => StoreError::conflict(id),
                false => StoreError::not_found(id),
            });
        };
        if let Some(definition) = definition {
            sqlx::query(self.sql(sql::UPDATE_DEFINITION))
                .bind(rows::get::<i64>(&row, 1)?)
                .bind(definition.as_bytes())
                .execute(&mut *transaction)
                .await
                .map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(Revision(rows::get(&row, 0)?))
    }

    async fn exists(
        &self,
        connection: &mut SqliteConnection,
        id: &JobId,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(self.sql(sql::EXISTS)).bind(id.as_str());
        let found = query.fetch_optional(connection).await.map_err(store_error)?;
        Ok(found.is_some())
    }

    pub(super) async fn remove(&self, id: &JobId) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let mut removed = 0;
        for statement in [sql::REMOVE_RUNS, sql::REMOVE] {
            let query = sqlx::query(self.sql(statement)).bind(id.as_str());
            let done = query.execute(&mut *transaction).await.map_err(store_error)?;
            removed = done.rows_affected();
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(removed > 0)
    }

    pub(super) async fn remove_all(&self) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let mut removed = 0;
        for statement in [sql::REMOVE_ALL_RUNS, sql::REMOVE_ALL] {
            let query = sqlx::query(self.sql(statement));
            let done = query.execute(&mut *transaction).await.map_err(store_error)?;
            removed = done.rows_affected();
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(removed)
    }

    pub(super) async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        let query = sqlx::query(self.sql(sql::GET)).bind(id.as_str());
        let row = query.fetch_optional(&mut *self.read().await?).await.map_err(store_error)?;
        row.as_ref().map(rows::record).transpose()
    }

    pub(super) async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobPage, StoreError> {
        if limit == 0 {
            return Ok(JobPage::default());
        }
        // One more than asked for tells whether there is another page.
        let wanted = limit.saturating_add(1);
        let mut transaction = self.snapshot().await?;
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
        connection: &mut SqliteConnection,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let place = after.and_then(|cursor| Some((cursor.next_run_time?, &cursor.id)));
        let query = match place {
            None => sqlx::query(self.sql(sql::LIST_SCHEDULED)).bind(rows::limit(limit)),
            Some((time, id)) => sqlx::query(self.sql(sql::LIST_SCHEDULED_AFTER))
                .bind(rows::limit(limit))
                .bind(time.as_micros())
                .bind(id.as_str()),
        };
        let found = query.fetch_all(connection).await.map_err(store_error)?;
        found.iter().map(rows::record).collect()
    }

    async fn unscheduled(
        &self,
        connection: &mut SqliteConnection,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let query = sqlx::query(self.sql(sql::LIST_UNSCHEDULED_AFTER))
            .bind(rows::limit(limit))
            // No id is empty, so all come after it.
            .bind(after.map_or("", |cursor| cursor.id.as_str()));
        let found = query.fetch_all(connection).await.map_err(store_error)?;
        found.iter().map(rows::record).collect()
    }
}
