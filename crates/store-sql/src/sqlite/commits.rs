//! Carrying out a batch of commits in one transaction.

use std::collections::HashMap;

use punctual_core::{Commit, CommitAction, CommitOutcome, StoreError};
use serde::Serialize;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::database::Database;
use super::error::store_error;
use super::{rows, sql};
use crate::batch::{Changes, Wave, json, unjson, waves};

impl Database {
    pub(super) async fn commit(&self, batch: &[Commit]) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut transaction = self.write().await?;
        for wave in waves(batch) {
            self.carry_out(&mut transaction, &wave, &mut outcomes).await?;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(outcomes)
    }

    async fn carry_out(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'_>,
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        let mut changes = Changes::default();
        for (place, commit) in self.held(connection, wave).await? {
            if changes.push(commit) {
                outcomes[place] = CommitOutcome::Done;
            }
        }
        self.execute(connection, sql::ADVANCE, &changes.advance).await?;
        self.execute(connection, sql::POSTPONE, &changes.postpone).await?;
        self.execute(connection, sql::RELEASE, &changes.release).await?;
        self.execute(connection, sql::RECORD_RUNS, &changes.start).await?;
        self.execute(connection, sql::FINISH, &changes.finish).await?;

        let cleared = self.fetch(connection, sql::CLEAR_RUNS, &clears(wave)).await?;
        let mut over = changes.finish;
        if cleared.is_empty() && over.is_empty() {
            return Ok(());
        }
        let places: HashMap<&str, usize> =
            wave.iter().map(|(place, commit)| (commit.id.as_str(), *place)).collect();
        for row in &cleared {
            let job: &str = rows::get(row, 0)?;
            if let Some(&place) = places.get(job) {
                outcomes[place] = CommitOutcome::Done;
                over.push(job);
            }
        }
        for row in self.fetch(connection, sql::REMOVE_IF_OVER, &over).await? {
            if let Some(&place) = places.get(rows::get::<&str>(&row, 0)?) {
                outcomes[place] = CommitOutcome::Removed;
            }
        }
        Ok(())
    }

    /// The commits of a wave whose job has the fence that they name.
    async fn held<'a>(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'a>,
    ) -> Result<Wave<'a>, StoreError> {
        let guarded: Wave<'a> =
            wave.iter().filter(|(_, commit)| cleared_run(commit).is_none()).copied().collect();
        let fences: Vec<_> =
            guarded.iter().map(|(_, commit)| (commit.id.as_str(), commit.fence.0)).collect();
        let Some(row) = self.fetch(connection, sql::HELD, &fences).await?.pop() else {
            return Ok(Vec::new());
        };
        let held: Vec<usize> = unjson(rows::get(&row, 0)?)?;
        Ok(held.into_iter().filter_map(|index| guarded.get(index).copied()).collect())
    }

    /// Runs a statement on a batch of rows, if there are any.
    async fn execute(
        &self,
        connection: &mut SqliteConnection,
        statement: &'static str,
        rows: &[impl Serialize],
    ) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let query = sqlx::query(self.sql(statement)).bind(json(rows)?);
        query.execute(connection).await.map(drop).map_err(store_error)
    }

    /// Runs a statement on a batch of rows, if there are any, and answers what it returns.
    async fn fetch(
        &self,
        connection: &mut SqliteConnection,
        statement: &'static str,
        rows: &[impl Serialize],
    ) -> Result<Vec<SqliteRow>, StoreError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let query = sqlx::query(self.sql(statement)).bind(json(rows)?);
        query.fetch_all(connection).await.map_err(store_error)
    }
}

/// The runs to clear, as rows of job, run and fence.
fn clears<'a>(wave: &Wave<'a>) -> Vec<(&'a str, String, i64)> {
    wave.iter()
        .filter_map(|(_, commit)| Some((commit.id.as_str(), cleared_run(commit)?, commit.fence.0)))
        .collect()
}

fn cleared_run(commit: &Commit) -> Option<String> {
    match &commit.action {
        CommitAction::ClearRun { run_id } => Some(run_id.to_string()),
        _ => None,
    }
}
