//! Carrying out a batch of commits in one transaction.

use std::collections::HashMap;

use punctual_core::{Commit, CommitAction, CommitBatch, CommitOutcome, StoreError};
use serde::Serialize;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::changes::{Changes, Standing, advance, run_row};
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
        if self.advance_all(connection, wave).await? {
            for (place, _) in wave {
                outcomes[*place] = CommitOutcome::Done;
            }
            return Ok(());
        }
        let mut changes = Changes::default();
        let mut repeated: Wave<'_> = Vec::new();
        for (place, commit, standing) in self.standings(connection, wave).await? {
            outcomes[place] = changes.push(commit, standing);
            if outcomes[place] == CommitOutcome::Stale {
                repeated.push((place, commit));
            }
        }
        for place in self.recorded(connection, &repeated).await? {
            outcomes[place] = CommitOutcome::Done;
        }
        self.execute(connection, sql::ADVANCE, &changes.advance).await?;
        self.execute(connection, sql::POSTPONE, &changes.postpone).await?;
        self.execute(connection, sql::HASTEN, &changes.hasten).await?;
        self.execute(connection, sql::STATEMENTS.release, &changes.release).await?;
        self.execute(connection, sql::RECORD_RUNS, &changes.start).await?;
        self.execute(connection, sql::FINISH, &changes.finish).await?;

        let places: HashMap<&str, usize> =
            wave.iter().map(|(place, commit)| (commit.id.as_str(), *place)).collect();
        let retries = of(wave, retried_run);
        self.execute(connection, sql::RETRY_RUNS, &retries).await?;
        for row in &self.fetch(connection, sql::ARE_RECORDED, &retries).await? {
            outcomes[places[row.text(0)?]] = CommitOutcome::Done;
        }
        let clears = of(wave, cleared_run);
        let cleared = self.fetch(connection, sql::CLEAR_RUNS, &clears).await?;
        let mut over = changes.finish;
        for row in &cleared {
            let job = row.text(0)?;
            outcomes[places[job]] = CommitOutcome::Done;
            over.push(job);
        }
        for row in &self.fetch(connection, sql::REMOVE_IF_OVER, &over).await? {
            outcomes[places[row.text(0)?]] = CommitOutcome::Removed;
        }
        Ok(())
    }

    /// Nearly always a wave only advances jobs, and all of their claims are open: then one statement does it, which
    /// changes as many rows as there are commits. If it does not, nothing is decided yet: what it has changed is a
    /// claim that was settled then.
    async fn advance_all(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'_>,
    ) -> Result<bool, StoreError> {
        let only_advances = |commit: &Commit| match &commit.action {
            CommitAction::Advance { start, .. } => start.is_empty(),
            _ => false,
        };
        if !wave.iter().all(|(_, commit)| only_advances(commit)) {
            return Ok(false);
        }
        let rows = Value::Text(&json(&of(wave, advance))?);
        let changed = connection.execute(self.sql(sql::ADVANCE), &[rows]).await?;
        Ok(changed == wave.len() as u64)
    }

    /// The commits of a wave that are guarded by their job's fence, and how these jobs stand.
    async fn standings<'a>(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'a>,
    ) -> Result<Vec<(usize, &'a Commit, Standing)>, StoreError> {
        use CommitAction::{ClearRun, RetryRun};
        let by_run = |commit: &Commit| matches!(commit.action, ClearRun { .. } | RetryRun { .. });
        let guarded: Wave<'a> =
            wave.iter().filter(|(_, commit)| !by_run(commit)).copied().collect();
        let fences: Vec<_> =
            guarded.iter().map(|(_, commit)| (commit.id.as_str(), commit.fence.0)).collect();
        let Some(row) = self.fetch(connection, sql::STANDINGS, &fences).await?.pop() else {
            return Ok(Vec::new());
        };
        let found: Vec<(usize, u8, u8, u8)> = unjson(row.text(0)?)?;
        let standing = |(index, has_fence, is_claimed, was_settled)| {
            let (place, commit): (usize, &Commit) = *guarded.get::<usize>(index)?;
            let [has_fence, is_claimed, was_settled] =
                [has_fence, is_claimed, was_settled].map(|flag: u8| flag > 0);
            Some((place, commit, Standing { has_fence, is_claimed, was_settled }))
        };
        Ok(found.into_iter().filter_map(standing).collect())
    }

    /// The places of those that start runs that are all recorded.
    async fn recorded(
        &self,
        connection: &mut SqliteConnection,
        wave: &Wave<'_>,
    ) -> Result<Vec<usize>, StoreError> {
        let started = |commit: &Commit| match &commit.action {
            CommitAction::Start { runs } if !runs.is_empty() => {
                Some(runs.iter().map(|run| run.run_id.to_string()).collect::<Vec<_>>())
            }
            _ => None,
        };
        let (places, rows): (Vec<usize>, Vec<_>) = wave
            .iter()
            .filter_map(|(place, commit)| Some((*place, (commit.id.as_str(), started(commit)?))))
            .unzip();
        let Some(row) = self.fetch(connection, sql::RECORDED, &rows).await?.pop() else {
            return Ok(Vec::new());
        };
        let found: Vec<usize> = unjson(row.text(0)?)?;
        Ok(found.into_iter().filter_map(|index| places.get(index).copied()).collect())
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

/// The rows of those commits of a wave that have one.
fn of<'a, R>(wave: &Wave<'a>, row: impl Fn(&'a Commit) -> Option<R>) -> Vec<R> {
    wave.iter().filter_map(|&(_, commit)| row(commit)).collect()
}

/// Job, run, fence.
fn cleared_run(commit: &Commit) -> Option<(&str, String, i64)> {
    match &commit.action {
        CommitAction::ClearRun { run_id } => {
            Some((commit.id.as_str(), run_id.to_string(), commit.fence.0))
        }
        _ => None,
    }
}

/// The row of a run, and the fence that it must have.
fn retried_run(commit: &Commit) -> Option<(&str, String, i64, u32, &str, i64, i64)> {
    let CommitAction::RetryRun { run } = &commit.action else { return None };
    let (job, run, scheduled, attempt, node, fence) = run_row(commit.id.as_str(), run);
    Some((job, run, scheduled, attempt, node, fence, commit.fence.0))
}
