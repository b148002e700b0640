//! Carrying out a batch of commits in one transaction.
//!
//! Each commit is a few plain statements that carry their fence with them, and how many rows they found is
//! the outcome. That is some microseconds a commit slower than statements for all commits at once, but no
//! optimizer of any server can go wrong with it.

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, StoreError,
};

use super::database::MySql;
use super::script::{Answer, Script};
use super::sql;
use crate::client::Value::{Int, MaybeInt, MaybeText, Text};
use crate::history::entry_rows;

/// How many entries of the history a statement writes: with the longest errors they make a packet.
const ENTRIES: usize = 100;

/// A commit's place in the batch, and the statements whose answers tell its outcome.
struct Steps {
    place: usize,
    /// Has found a row if the commit was carried out.
    done: usize,
    /// Has found one if the job then left.
    removed: Option<usize>,
}

impl MySql {
    pub(super) async fn commit_each(
        &self,
        batch: &CommitBatch,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut script = self.script();
        // Jobs are held in the order of their ids; commits for the same job stay in their order.
        let mut sorted: Vec<_> = batch.commits.iter().enumerate().collect();
        sorted.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        let steps: Vec<Steps> = sorted
            .into_iter()
            .filter_map(|(place, commit)| steps(&mut script, place, commit))
            .collect();
        write_history(&mut script, batch);
        let answers = self.run(script).await?;
        let found =
            |step: usize| answers.get(step).is_some_and(|answer: &Answer| answer.changed > 0);
        for Steps { place, done, removed } in steps {
            if found(done) {
                outcomes[place] = match removed.is_some_and(found) {
                    true => CommitOutcome::Removed,
                    false => CommitOutcome::Done,
                };
            }
        }
        Ok(outcomes)
    }
}

/// Writes a commit down; none for an action that a newer core knows and this build doesn't.
fn steps(script: &mut Script<'_>, place: usize, commit: &Commit) -> Option<Steps> {
    let Commit { id, fence, action } = commit;
    let (id, fence) = (Text(id.as_str()), Int(fence.0));
    let job = [id, fence];
    let (done, removed) = match action {
        CommitAction::Advance { schedule, fire_count, start } => {
            let next = Int(schedule.next_run_time.as_micros());
            let due = Int(schedule.due_at.as_micros());
            // Databases have signed integers; a count never gets there.
            let fires = Int(*fire_count as i64);
            let done = script.push(sql::ADVANCE, &[id, fence, next, due, fires]);
            record(script, commit, start);
            (done, None)
        }
        CommitAction::Finish { start } => {
            let done = script.push(sql::FINISH, &job);
            record(script, commit, start);
            (done, Some(script.push(sql::REMOVE_IF_OVER, &[id])))
        }
        CommitAction::Postpone { due_at } => {
            (script.push(sql::POSTPONE, &[id, fence, Int(due_at.as_micros())]), None)
        }
        CommitAction::Start { runs } => {
            script.push(sql::HOLD, &[id]);
            record(script, commit, runs);
            (script.push(sql::RELEASE, &job), None)
        }
        CommitAction::ClearRun { run_id } => {
            script.push(sql::HOLD, &[id]);
            let run_id = run_id.to_string();
            let done = script.push(sql::CLEAR_RUN, &[id, fence, Text(&run_id)]);
            (done, Some(script.push(sql::REMOVE_IF_OVER, &[id])))
        }
        _ => return None,
    };
    Some(Steps { place, done, removed })
}

/// Records runs, if the job has the fence of the commit.
fn record(script: &mut Script<'_>, commit: &Commit, runs: &[InFlightRun]) {
    let Fence(held) = commit.fence;
    for InFlightRun { run_id, scheduled_time, attempt, node, fence } in runs {
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
        script.push(sql::RECORD_RUN, &values);
    }
}

fn write_history(script: &mut Script<'_>, batch: &CommitBatch) {
    for rows in entry_rows(&batch.history).chunks(ENTRIES) {
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
                MaybeInt(*started),
                Text(outcome),
                MaybeText(*error),
            ]
        });
        script.push_list(sql::RECORD_HISTORY, values);
    }
}
