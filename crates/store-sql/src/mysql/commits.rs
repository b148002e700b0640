//! Execution of a batch of commits in one transaction.
//!
//! The claims of a group are settled by one statement. Every other commit is one statement, or a few, guarded by its WHERE
//! clause; the number of matched rows is the outcome.

use std::collections::HashSet;

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, StoreError,
};

use super::database::MySql;
use super::script::{Script, StatementResult};
use super::sql;
use crate::batch::{CommitGroup, commit_groups, json};
use crate::client::SqlRow;
use crate::client::Value::{Int, NullableInt, NullableText, Text};
use crate::dialect::CommitJobs;
use crate::history::entry_rows;

/// The maximum number of history entries per statement. With errors of the maximum length, the statement still fits
/// into a packet.
const MAX_ENTRIES_PER_STATEMENT: usize = 100;

/// The statements of one group of commits.
#[derive(Default)]
struct GroupStatements<'a> {
    /// The commits that settle claims.
    settling: CommitGroup<'a>,
    /// The statement that settles these claims, and the one that returns which of them are settled.
    settle: Option<(usize, usize)>,
    /// The other commits with the indexes of their statements. If one of these has matched a row, the commit was
    /// executed by this call or by an earlier one.
    others: Vec<(usize, &'a Commit, Vec<usize>)>,
    /// The statement that returns the jobs to be removed, if jobs may have completed.
    completed: Option<usize>,
}

/// How a claim is settled: job, fence, kind, next run time, due at, fire count. Kinds: 0 finish, 1 advance, 2 postpone.
type Settlement<'a> = (&'a str, i64, u8, Option<i64>, Option<i64>, Option<i64>);

impl CommitJobs for MySql {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut script = self.script();
        let groups: Vec<GroupStatements<'_>> = commit_groups(&batch.commits)
            .into_iter()
            .map(|group| GroupStatements::write(&mut script, group))
            .collect::<Result<_, _>>()?;
        write_history(&mut script, batch);
        let results = self.run(script).await?;
        for group in groups {
            group.read(&results, &mut outcomes)?;
        }
        Ok(outcomes)
    }
}

impl<'a> GroupStatements<'a> {
    fn write(script: &mut Script<'_>, mut group: CommitGroup<'a>) -> Result<Self, StoreError> {
        // Jobs are locked in the order of their ids, as in all statements.
        group.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        if group.iter().any(|(_, commit)| changes_runs(commit)) {
            script.push(sql::LOCK_JOBS, &[Text(&ids(group.iter().map(|(_, commit)| *commit))?)]);
        }
        let mut statements = Self::default();
        let mut settlements = Vec::with_capacity(group.len());
        for &(index, commit) in &group {
            if let Some(settlement) = settlement(commit) {
                record(script, sql::RECORD_RUN, commit, started(commit));
                settlements.push(settlement);
                statements.settling.push((index, commit));
            } else {
                statements.others.push((index, commit, write(script, commit)?));
            }
        }
        if !settlements.is_empty() {
            script.push(sql::SET_SETTLEMENTS, &[Text(&json(&settlements)?)]);
            statements.settle =
                Some((script.push(sql::SETTLE, &[]), script.push(sql::SETTLED, &[])));
        }
        let ends = |commit: &&Commit| {
            matches!(commit.action, CommitAction::Finish { .. } | CommitAction::ClearRun { .. })
        };
        let mut ended = group.iter().map(|(_, commit)| *commit).filter(ends).peekable();
        if ended.peek().is_some() {
            script.push(sql::SELECT_COMPLETED, &[Text(&ids(ended)?)]);
            statements.completed = Some(script.push(sql::COMPLETED_IDS, &[]));
            script.push(sql::DELETE_COMPLETED, &[]);
        }
        Ok(statements)
    }

    fn read(
        self,
        results: &[StatementResult],
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        let rows = self.completed.into_iter().flat_map(|statement| &results[statement].rows);
        let removed: HashSet<&str> = rows.map(|row| row.text(0)).collect::<Result<_, _>>()?;
        let outcome = |commit: &Commit| match removed.contains(commit.id.as_str()) {
            true => CommitOutcome::Removed,
            false => CommitOutcome::Done,
        };
        if let Some((settle, settled)) = self.settle {
            if results[settle].changed == self.settling.len() as u64 {
                for (index, commit) in &self.settling {
                    outcomes[*index] = outcome(commit);
                }
            }
            for row in &results[settled].rows {
                let place = usize::try_from(row.int(0)?).unwrap_or(0);
                let found = place.checked_sub(1).and_then(|place| self.settling.get(place));
                if let Some((index, commit)) = found {
                    outcomes[*index] = outcome(commit);
                }
            }
        }
        for (index, commit, statements) in self.others {
            if statements.into_iter().any(|statement| results[statement].matched_row()) {
                outcomes[index] = outcome(commit);
            }
        }
        Ok(())
    }
}

/// The row of a commit that settles a claim, or `None` for other commits.
fn settlement(commit: &Commit) -> Option<Settlement<'_>> {
    let (kind, next, due, fires) = match &commit.action {
        CommitAction::Finish { .. } => (0, None, None, None),
        CommitAction::Advance { schedule, fire_count, .. } => {
            let (next, due) = (schedule.next_run_time.as_micros(), schedule.due_at.as_micros());
            // Integers of the database are signed, but a count never reaches the limit.
            (1, Some(next), Some(due), Some(*fire_count as i64))
        }
        CommitAction::Postpone { due_at } => (2, None, Some(due_at.as_micros()), None),
        _ => return None,
    };
    Some((commit.id.as_str(), commit.fence.0, kind, next, due, fires))
}

/// The runs that are recorded when the claim is settled.
fn started(commit: &Commit) -> &[InFlightRun] {
    match &commit.action {
        CommitAction::Advance { start, .. } | CommitAction::Finish { start } => start,
        _ => &[],
    }
}

/// Whether a commit changes runs, so that its job must be locked first.
fn changes_runs(commit: &Commit) -> bool {
    match &commit.action {
        CommitAction::Advance { .. } | CommitAction::Finish { .. } => !started(commit).is_empty(),
        CommitAction::Postpone { .. } | CommitAction::BringForward { .. } => false,
        _ => true,
    }
}

/// The ids of the jobs of these commits, as a JSON array.
fn ids<'a>(commits: impl Iterator<Item = &'a Commit>) -> Result<String, StoreError> {
    json(&commits.map(|commit| commit.id.as_str()).collect::<Vec<_>>())
}

/// Adds the statements of a commit that settles no claim; none for an unknown action, which was added by a newer version of punctual-core.
fn write(script: &mut Script<'_>, commit: &Commit) -> Result<Vec<usize>, StoreError> {
    let Commit { id, fence, action } = commit;
    let (id, fence) = (Text(id.as_str()), Int(fence.0));
    Ok(match action {
        CommitAction::BringForward { due_at } => {
            vec![script.push(sql::BRING_FORWARD, &[id, fence, Int(due_at.as_micros())])]
        }
        CommitAction::Start { runs } => {
            record(script, sql::RECORD_START, commit, runs);
            let mut statements = vec![script.push(sql::START_RUNS, &[id, fence])];
            if !runs.is_empty() {
                let runs: Vec<_> = runs.iter().map(|run| run.run_id.to_string()).collect();
                statements.push(script.push(sql::RUNS_EXIST, &[id, Text(&json(&runs)?)]));
            }
            statements
        }
        CommitAction::ClearRun { run_id } => {
            vec![script.push(sql::CLEAR_RUN, &[id, fence, Text(&run_id.to_string())])]
        }
        CommitAction::RetryRun { run } => {
            vec![push_run(script, sql::RETRY_RUN, commit, run)]
        }
        _ => Vec::new(),
    })
}

/// Records runs, if the guard of the statement is satisfied.
fn record(script: &mut Script<'_>, statement: &'static str, commit: &Commit, runs: &[InFlightRun]) {
    for run in runs {
        push_run(script, statement, commit, run);
    }
}

/// Adds a statement for a run.
fn push_run(
    script: &mut Script<'_>,
    statement: &'static str,
    commit: &Commit,
    run: &InFlightRun,
) -> usize {
    let Fence(held) = commit.fence;
    let InFlightRun { run_id, scheduled_time, attempt, node, fence } = run;
    let run_id = run_id.to_string();
    let values = [
        Text(commit.id.as_str()),
        Int(held),
        Text(&run_id),
        Int(scheduled_time.as_micros()),
        Int((*attempt).into()),
        Text(node.as_str()),
        Int(fence.0),
    ];
    script.push(statement, &values)
}

fn write_history(script: &mut Script<'_>, batch: &CommitBatch) {
    for rows in entry_rows(&batch.history).chunks(MAX_ENTRIES_PER_STATEMENT) {
        let values = rows.iter().map(|row| {
            let (finished, run, attempt, job, task, node, scheduled, started, outcome, error) = row;
            [
                Int(*finished),
                Text(run),
                Int((*attempt).into()),
                Text(job),
                Text(task),
                Text(node),
                Int(*scheduled),
                NullableInt(*started),
                Text(outcome),
                NullableText(*error),
            ]
        });
        script.push_list(sql::RECORD_HISTORY, values);
    }
}
