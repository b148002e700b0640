//! Execution of a batch of commits in one transaction.
//!
//! Each commit is one statement, or a few, guarded by its WHERE clause; the number of matched rows is the outcome. This
//! costs some microseconds per commit but does not depend on the query optimizer. Only for commits that matched no row
//! a second query determines whether their claim was settled before.

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
struct GroupStatements<'a> {
    /// The commits with the indexes of their statements. If one of these has matched a row, the commit was executed by
    /// this call or by an earlier one.
    commits: Vec<(usize, &'a Commit, Vec<usize>)>,
    /// The statement that returns the jobs to be removed, if jobs may have completed.
    completed: Option<usize>,
    /// The statement that returns which of these commits have settled their claims before.
    settled: Option<(usize, CommitGroup<'a>)>,
}

impl CommitJobs for MySql {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut script = self.script();
        let commit_groups = commit_groups(&batch.commits);
        // Usually there is one group, and all of its commits match their rows.
        let checks_repeats_inline = commit_groups.len() > 1;
        let groups: Vec<GroupStatements<'_>> = commit_groups
            .into_iter()
            .map(|group| GroupStatements::write(&mut script, group, checks_repeats_inline))
            .collect::<Result<_, _>>()?;
        write_history(&mut script, batch);
        let results = self.run(script).await?;
        for group in groups {
            group.read(&results, &mut outcomes)?;
        }
        if !checks_repeats_inline {
            self.mark_repeats(&batch.commits, &mut outcomes).await?;
        }
        Ok(outcomes)
    }
}

impl MySql {
    /// Determines which of the commits without effect have settled their claims before. This can be determined after
    /// the transaction, because these commits have changed nothing.
    async fn mark_repeats(
        &self,
        commits: &[Commit],
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        let unmatched: CommitGroup<'_> = commits
            .iter()
            .enumerate()
            .filter(|(index, _)| outcomes[*index] == CommitOutcome::Stale)
            .filter(|(_, commit)| settles(commit))
            .collect();
        if unmatched.is_empty() {
            return Ok(());
        }
        let mut script = Script::new(&self.tables);
        let settled = script.push(sql::SETTLED, &[Text(&fences(&unmatched)?)]);
        let results = self.execute(script).await?;
        mark_settled(&results[settled], &unmatched, outcomes)
    }
}

impl<'a> GroupStatements<'a> {
    fn write(
        script: &mut Script<'_>,
        mut group: CommitGroup<'a>,
        checks_repeats_inline: bool,
    ) -> Result<Self, StoreError> {
        // Jobs are locked in the order of their ids, as in all statements.
        group.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        if group.iter().any(|(_, commit)| changes_runs(commit)) {
            script.push(sql::LOCK_JOBS, &[Text(&ids(group.iter().map(|(_, commit)| *commit))?)]);
        }
        let mut commits = Vec::with_capacity(group.len());
        for &(index, commit) in &group {
            commits.push((index, commit, write(script, commit)?));
        }
        let ends = |commit: &&Commit| {
            matches!(commit.action, CommitAction::Finish { .. } | CommitAction::ClearRun { .. })
        };
        let mut ended = group.iter().map(|(_, commit)| *commit).filter(ends).peekable();
        let completed = match ended.peek() {
            Some(_) => {
                script.push(sql::SELECT_COMPLETED, &[Text(&ids(ended)?)]);
                let completed = script.push(sql::COMPLETED_IDS, &[]);
                script.push(sql::DELETE_COMPLETED, &[]);
                Some(completed)
            }
            None => None,
        };
        group.retain(|(_, commit)| settles(commit));
        let settled = match checks_repeats_inline && !group.is_empty() {
            true => Some((script.push(sql::SETTLED, &[Text(&fences(&group)?)]), group)),
            false => None,
        };
        Ok(Self { commits, completed, settled })
    }

    fn read(
        self,
        results: &[StatementResult],
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        if let Some((statement, group)) = self.settled {
            mark_settled(&results[statement], &group, outcomes)?;
        }
        let rows = self.completed.into_iter().flat_map(|statement| &results[statement].rows);
        let removed: HashSet<&str> = rows.map(|row| row.text(0)).collect::<Result<_, _>>()?;
        for (index, commit, statements) in self.commits {
            if statements.into_iter().any(|statement| results[statement].matched_row()) {
                outcomes[index] = match removed.contains(commit.id.as_str()) {
                    true => CommitOutcome::Removed,
                    false => CommitOutcome::Done,
                };
            }
        }
        Ok(())
    }
}

/// Marks the commits that have settled their claims as done.
fn mark_settled(
    result: &StatementResult,
    group: &CommitGroup<'_>,
    outcomes: &mut [CommitOutcome],
) -> Result<(), StoreError> {
    for row in &result.rows {
        let number = usize::try_from(row.int(0)?).unwrap_or(0);
        if let Some((index, _)) = number.checked_sub(1).and_then(|index| group.get(index)) {
            outcomes[*index] = CommitOutcome::Done;
        }
    }
    Ok(())
}

/// Whether a commit settles a claim.
fn settles(commit: &Commit) -> bool {
    use CommitAction::{Advance, Finish, Postpone};
    matches!(commit.action, Advance { .. } | Finish { .. } | Postpone { .. })
}

/// Whether a commit changes runs, so that its job must be locked first.
fn changes_runs(commit: &Commit) -> bool {
    match &commit.action {
        CommitAction::Advance { start, .. } | CommitAction::Finish { start } => !start.is_empty(),
        CommitAction::Postpone { .. } | CommitAction::BringForward { .. } => false,
        _ => true,
    }
}

/// The ids of the jobs of these commits, as a JSON array.
fn ids<'a>(commits: impl Iterator<Item = &'a Commit>) -> Result<String, StoreError> {
    json(&commits.map(|commit| commit.id.as_str()).collect::<Vec<_>>())
}

/// The ids with the fences of the commits, as a JSON array.
fn fences(group: &CommitGroup<'_>) -> Result<String, StoreError> {
    let pair = |(_, commit): &(usize, &'_ Commit)| (commit.id.as_str().to_owned(), commit.fence.0);
    json(&group.iter().map(pair).collect::<Vec<_>>())
}

/// Adds the statements of a commit; none for an unknown action, which was added by a newer version of punctual-core.
fn write(script: &mut Script<'_>, commit: &Commit) -> Result<Vec<usize>, StoreError> {
    let Commit { id, fence, action } = commit;
    let (id, fence) = (Text(id.as_str()), Int(fence.0));
    Ok(match action {
        CommitAction::Advance { schedule, fire_count, start } => {
            record(script, sql::RECORD_RUN, commit, start);
            let next = Int(schedule.next_run_time.as_micros());
            let due = Int(schedule.due_at.as_micros());
            // Integers of the database are signed, but a count never reaches the limit.
            let fires = Int(*fire_count as i64);
            vec![script.push(sql::ADVANCE, &[id, fence, next, due, fires])]
        }
        CommitAction::Finish { start } => {
            record(script, sql::RECORD_RUN, commit, start);
            vec![script.push(sql::FINISH, &[id, fence])]
        }
        CommitAction::Postpone { due_at } => {
            vec![script.push(sql::POSTPONE, &[id, fence, Int(due_at.as_micros())])]
        }
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
