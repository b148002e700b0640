//! Execution of a batch of commits in one transaction.

use std::collections::HashMap;

use punctual_core::{Commit, CommitAction, CommitBatch, CommitOutcome, StoreError};
use serde::Serialize;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::database::Sqlite;
use super::error::store_error;
use super::group_rows::{GroupRows, GuardState, advance, run_row};
use super::sql;
use crate::batch::{CommitGroup, commit_groups, from_json, json};
use crate::client::{Client, SqlRow, Value};
use crate::dialect::{CommitJobs, Dialect};
use crate::history::entry_rows;

impl CommitJobs for Sqlite {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut transaction = self.write().await?;
        for group in commit_groups(&batch.commits) {
            self.execute_group(&mut transaction, &group, &mut outcomes).await?;
        }
        self.execute(&mut transaction, sql::RECORD_HISTORY, &entry_rows(&batch.history)).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(outcomes)
    }
}

impl Sqlite {
    async fn execute_group(
        &self,
        connection: &mut SqliteConnection,
        group: &CommitGroup<'_>,
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        if self.advance_all(connection, group).await? {
            for (index, _) in group {
                outcomes[*index] = CommitOutcome::Done;
            }
            return Ok(());
        }
        let mut rows = GroupRows::default();
        let mut repeated: CommitGroup<'_> = Vec::new();
        for (index, commit, state) in self.guard_states(connection, group).await? {
            outcomes[index] = rows.push(commit, state);
            if outcomes[index] == CommitOutcome::Stale {
                repeated.push((index, commit));
            }
        }
        for index in self.recorded(connection, &repeated).await? {
            outcomes[index] = CommitOutcome::Done;
        }
        self.execute(connection, sql::ADVANCE, &rows.advance).await?;
        self.execute(connection, sql::POSTPONE, &rows.postpone).await?;
        self.execute(connection, sql::BRING_FORWARD, &rows.bring_forward).await?;
        self.execute(connection, sql::STATEMENTS.release, &rows.release).await?;
        self.execute(connection, sql::RECORD_RUNS, &rows.start).await?;

        let indexes: HashMap<&str, usize> =
            group.iter().map(|(index, commit)| (commit.id.as_str(), *index)).collect();
        for row in &self.fetch(connection, sql::FINISH_AT_ONCE, &rows.finish_at_once).await? {
            outcomes[indexes[row.text(0)?]] = CommitOutcome::Removed;
        }
        let has_runs = |id: &&str| outcomes[indexes[id]] != CommitOutcome::Removed;
        rows.finish.extend(rows.finish_at_once.into_iter().filter(has_runs));
        self.execute(connection, sql::FINISH, &rows.finish).await?;

        let retries = rows_of(group, retried_run);
        self.execute(connection, sql::RETRY_RUNS, &retries).await?;
        for row in &self.fetch(connection, sql::RUNS_EXIST, &retries).await? {
            outcomes[indexes[row.text(0)?]] = CommitOutcome::Done;
        }
        let clears = rows_of(group, cleared_run);
        let cleared = self.fetch(connection, sql::CLEAR_RUNS, &clears).await?;
        let mut completed = Vec::with_capacity(cleared.len());
        for row in &cleared {
            let job = row.text(0)?;
            outcomes[indexes[job]] = CommitOutcome::Done;
            completed.push(job);
        }
        for row in &self.fetch(connection, sql::DELETE_COMPLETED, &completed).await? {
            outcomes[indexes[row.text(0)?]] = CommitOutcome::Removed;
        }
        Ok(())
    }

    /// Fast path: most groups contain only `Advance` commits whose claims are open. One statement executes all of them
    /// and changes as many rows as there are commits. Returns `false` if the group contains other commits or if fewer
    /// rows were changed. The caller then executes the group on the slow path, which recognizes the commits that have
    /// already been executed as repeats.
    async fn advance_all(
        &self,
        connection: &mut SqliteConnection,
        group: &CommitGroup<'_>,
    ) -> Result<bool, StoreError> {
        let only_advances = |commit: &Commit| match &commit.action {
            CommitAction::Advance { start, .. } => start.is_empty(),
            _ => false,
        };
        if !group.iter().all(|(_, commit)| only_advances(commit)) {
            return Ok(false);
        }
        let rows = Value::Text(&json(&rows_of(group, advance))?);
        let changed = connection.execute(self.sql(sql::ADVANCE), &[rows]).await?;
        Ok(changed == group.len() as u64)
    }

    /// Returns the commits of a group that are guarded by the fence of their job, with the states of the jobs.
    async fn guard_states<'a>(
        &self,
        connection: &mut SqliteConnection,
        group: &CommitGroup<'a>,
    ) -> Result<Vec<(usize, &'a Commit, GuardState)>, StoreError> {
        use CommitAction::{ClearRun, RetryRun};
        let by_run = |commit: &Commit| matches!(commit.action, ClearRun { .. } | RetryRun { .. });
        let guarded: CommitGroup<'a> =
            group.iter().filter(|(_, commit)| !by_run(commit)).copied().collect();
        let fences: Vec<_> =
            guarded.iter().map(|(_, commit)| (commit.id.as_str(), commit.fence.0)).collect();
        let Some(row) = self.fetch(connection, sql::GUARD_STATES, &fences).await?.pop() else {
            return Ok(Vec::new());
        };
        let found: Vec<(usize, u8, u8, u8)> = from_json(row.text(0)?)?;
        let state = |(index, has_fence, is_claimed, was_settled)| {
            let (index, commit): (usize, &Commit) = *guarded.get::<usize>(index)?;
            let [has_fence, is_claimed, was_settled] =
                [has_fence, is_claimed, was_settled].map(|flag: u8| flag > 0);
            Some((index, commit, GuardState { has_fence, is_claimed, was_settled }))
        };
        Ok(found.into_iter().filter_map(state).collect())
    }

    /// Returns the indexes of the commits whose runs have all been recorded.
    async fn recorded(
        &self,
        connection: &mut SqliteConnection,
        group: &CommitGroup<'_>,
    ) -> Result<Vec<usize>, StoreError> {
        let started = |commit: &Commit| match &commit.action {
            CommitAction::Start { runs } if !runs.is_empty() => {
                Some(runs.iter().map(|run| run.run_id.to_string()).collect::<Vec<_>>())
            }
            _ => None,
        };
        let (indexes, rows): (Vec<usize>, Vec<_>) = group
            .iter()
            .filter_map(|(index, commit)| Some((*index, (commit.id.as_str(), started(commit)?))))
            .unzip();
        let Some(row) = self.fetch(connection, sql::RECORDED, &rows).await?.pop() else {
            return Ok(Vec::new());
        };
        let found: Vec<usize> = from_json(row.text(0)?)?;
        Ok(found.into_iter().filter_map(|index| indexes.get(index).copied()).collect())
    }

    /// Executes a statement with a batch of rows, if there are any.
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

    /// Executes a statement with a batch of rows, if there are any, and returns its rows.
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

/// Returns the rows of the commits of a group for which `row` returns one.
fn rows_of<'a, R>(group: &CommitGroup<'a>, row: impl Fn(&'a Commit) -> Option<R>) -> Vec<R> {
    group.iter().filter_map(|&(_, commit)| row(commit)).collect()
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

/// The row of the run, and the fence that the run must have.
fn retried_run(commit: &Commit) -> Option<(&str, String, i64, u32, &str, i64, i64)> {
    let CommitAction::RetryRun { run } = &commit.action else { return None };
    let (job, run, scheduled, attempt, node, fence) = run_row(commit.id.as_str(), run);
    Some((job, run, scheduled, attempt, node, fence, commit.fence.0))
}
