//! Execution of a batch of commits in one statement.

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, HistoryRecord, InFlightRun, StoreError,
    Timestamp,
};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Postgres as Pg, Row};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use super::uuid::Uuid;
use crate::batch::commit_groups;
use crate::dialect::{CommitJobs, Dialect};

/// The arguments of the function `commit`, which are described in `commit.sql`.
#[derive(Default)]
struct CommitArguments<'a> {
    ends: Vec<i32>,
    kinds: Vec<i16>,
    ids: Vec<&'a str>,
    fences: Vec<i64>,
    next_run_times: Vec<i64>,
    due_ats: Vec<i64>,
    fire_counts: Vec<i64>,
    run_ids: Vec<Option<Uuid>>,
    start_of: Vec<i32>,
    start_ids: Vec<Uuid>,
    scheduled_times: Vec<i64>,
    attempts: Vec<i64>,
    nodes: Vec<&'a str>,
    start_fences: Vec<i64>,
}

impl CommitJobs for Postgres {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let (arguments, indexes) = arguments(&batch.commits);
        let with_history = !batch.history.is_empty();
        let statement = if with_history { sql::COMMIT_WITH_HISTORY } else { sql::COMMIT };
        let mut query = sqlx::query(self.sql(statement))
            .bind(arguments.ends)
            .bind(arguments.kinds)
            .bind(arguments.ids)
            .bind(arguments.fences)
            .bind(arguments.next_run_times)
            .bind(arguments.due_ats)
            .bind(arguments.fire_counts)
            .bind(arguments.run_ids)
            .bind(arguments.start_of)
            .bind(arguments.start_ids)
            .bind(arguments.scheduled_times)
            .bind(arguments.attempts)
            .bind(arguments.nodes)
            .bind(arguments.start_fences)
            .bind(self.channel());
        if with_history {
            query = bind_history(query, &batch.history);
        }
        let mut connection = self.read().await?;
        let row = query.fetch_one(&mut *connection).await.map_err(store_error)?;
        connection.release();
        let returned = |column: usize| -> Result<Vec<usize>, StoreError> {
            let found: Option<Vec<i32>> = row.try_get(column).map_err(store_error)?;
            let indexes = found.into_iter().flatten().filter_map(|n| indexes.get(n as usize - 1));
            Ok(indexes.copied().collect())
        };
        for index in returned(0)? {
            outcomes[index] = CommitOutcome::Done;
        }
        for index in returned(1)? {
            outcomes[index] = CommitOutcome::Removed;
        }
        Ok(outcomes)
    }
}

/// Binds entries as the last parameters of the statement.
fn bind_history<'q>(
    query: Query<'q, Pg, PgArguments>,
    entries: &[HistoryRecord],
) -> Query<'q, Pg, PgArguments> {
    let number = |of: fn(&HistoryRecord) -> i64| entries.iter().map(of).collect::<Vec<_>>();
    let text = |of: fn(&HistoryRecord) -> &str| entries.iter().map(of).collect::<Vec<_>>();
    let started = entries.iter().map(|entry| entry.started.map(Timestamp::as_micros));
    query
        .bind(number(|entry| entry.finished.as_micros()))
        .bind(entries.iter().map(|entry| Uuid(entry.run_id)).collect::<Vec<_>>())
        .bind(number(|entry| entry.attempt.into()))
        .bind(text(|entry| entry.job_id.as_str()))
        .bind(text(|entry| entry.task.as_str()))
        .bind(text(|entry| entry.node.as_str()))
        .bind(number(|entry| entry.scheduled_time.as_micros()))
        .bind(started.collect::<Vec<_>>())
        .bind(text(|entry| entry.outcome.name()))
        .bind(entries.iter().map(|entry| entry.error.as_deref()).collect::<Vec<_>>())
}

/// Returns the batch in the order of execution, and the original index of each commit. Jobs of a group are sorted by
/// id, so that concurrent batches with the same jobs can't deadlock.
fn arguments(batch: &[Commit]) -> (CommitArguments<'_>, Vec<usize>) {
    let (mut arguments, mut indexes) =
        (CommitArguments::default(), Vec::with_capacity(batch.len()));
    for mut group in commit_groups(batch) {
        group.sort_unstable_by_key(|(_, commit)| &commit.id);
        for (index, commit) in group {
            indexes.push(index);
            arguments.push(commit);
        }
        arguments.ends.push(indexes.len() as i32);
    }
    (arguments, indexes)
}

impl<'a> CommitArguments<'a> {
    fn push(&mut self, commit: &'a Commit) {
        let (mut next_run_time, mut due_at, mut fires, mut run) = (0, 0, 0, None);
        let mut starts: &[InFlightRun] = &[];
        let kind = match &commit.action {
            CommitAction::Advance { schedule, fire_count, start } => {
                next_run_time = schedule.next_run_time.as_micros();
                due_at = schedule.due_at.as_micros();
                // Integers of the database are signed, but a count never reaches the limit.
                fires = i64::try_from(*fire_count).unwrap_or(i64::MAX);
                starts = start;
                2
            }
            CommitAction::Finish { start } => {
                starts = start;
                if start.is_empty() { 0 } else { 1 }
            }
            CommitAction::Postpone { due_at: instant } => {
                due_at = instant.as_micros();
                3
            }
            CommitAction::BringForward { due_at: instant } => {
                due_at = instant.as_micros();
                4
            }
            CommitAction::Start { runs } => {
                starts = runs;
                5
            }
            CommitAction::ClearRun { run_id } => {
                run = Some(Uuid(*run_id));
                6
            }
            CommitAction::RetryRun { run } => {
                starts = std::slice::from_ref(run);
                7
            }
            // An unknown action, added by a newer version of punctual-core.
            _ => 8,
        };
        self.kinds.push(kind);
        self.ids.push(commit.id.as_str());
        self.fences.push(commit.fence.0);
        self.next_run_times.push(next_run_time);
        self.due_ats.push(due_at);
        self.fire_counts.push(fires);
        self.run_ids.push(run);
        let index = self.ids.len() as i32;
        for start in starts {
            self.start_of.push(index);
            self.start_ids.push(Uuid(start.run_id));
            self.scheduled_times.push(start.scheduled_time.as_micros());
            self.attempts.push(start.attempt.into());
            self.nodes.push(start.node.as_str());
            self.start_fences.push(start.fence.0);
        }
    }
}
