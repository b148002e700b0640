//! Carrying out a batch of commits in one transaction.

use std::collections::HashMap;

use punctual_core::{Commit, CommitAction, CommitBatch, CommitOutcome, StoreError};
use serde::Serialize;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::changes::Changes;
use super::database::Sqlite;
use super::error::store_error;
use super::sql;
use crate::batch::{Wave, json, unjson, waves};
use crate::client::{Client, Columns, Value};
use crate::dialect::{Committing, Dialect};
use crate::history::entry_rows;

impl Committing for Sqlite {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut transaction = self.write().await?;
        for wave in waves(&batch.commits) {
            self.carry_out(&mut transaction, &wave, &mut outcomes).await?;
        }
        self.execute(&mut transaction, sql::RECORD_HISTORY, &entry_rows(&batch.history)).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(outcomes)
    }
}

impl Sqlite {
    async fn carry_out(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'_>,
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        if self.advance_all(connection, wave, outcomes).await? {
            return Ok(());
        }
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
            let job = row.text(0)?;
            if let Some(&place) = places.get(job) {
                outcomes[place] = CommitOutcome::Done;
                over.push(job);
            }
        }
        for row in self.fetch(connection, sql::REMOVE_IF_OVER, &over).await? {
            if let Some(&place) = places.get(row.text(0)?) {
                outcomes[place] = CommitOutcome::Removed;
            }
        }
        Ok(())
    }

    /// Nearly always a wave only advances jobs, and every fence holds: then one statement does it, which
    /// changes as many rows as there are commits. If it does not, nothing is decided yet: what it has
    /// changed will be changed once more, to the same.
    async fn advance_all(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'_>,
        outcomes: &mut [CommitOutcome],
    ) -> Result<bool, StoreError> {
        let only_advances = |commit: &Commit| match &commit.action {
            CommitAction::Advance { start, .. } => start.is_empty(),
            _ => false,
        };
        if !wave.iter().all(|(_, commit)| only_advances(commit)) {
            return Ok(false);
        }
        let mut changes = Changes::default();
        for (_, commit) in wave {
            changes.push(commit);
        }
        let rows = Value::Text(&json(&changes.advance)?);
        let changed = connection.execute(self.sql(sql::ADVANCE), &[rows]).await?;
        let all = changed == wave.len() as u64;
        if all {
            for (place, _) in wave {
                outcomes[*place] = CommitOutcome::Done;
            }
        }
        Ok(all)
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
        let held: Vec<usize> = unjson(row.text(0)?)?;
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
        connection.execute(self.sql(statement), &[Value::Text(&json(rows)?)]).await.map(drop)
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
        connection.fetch(self.sql(statement), &[Value::Text(&json(rows)?)]).await
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
