//! Carrying out a batch of commits in one transaction.
//!
//! Each commit is a plain statement or a few that carry their fence with them, and how many rows they found
//! is the outcome. That is some microseconds a commit slower than statements for all commits at once, but no
//! optimizer of any server can go wrong with it.

use std::collections::HashSet;

use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, StoreError,
};

use super::database::MySql;
use super::script::{Answer, Script};
use super::sql;
use crate::batch::{Wave, json, waves};
use crate::client::Columns;
use crate::client::Value::{Int, MaybeInt, MaybeText, Text};
use crate::dialect::Committing;
use crate::history::entry_rows;

/// How many entries of the history a statement writes: with the longest errors they make a packet.
const ENTRIES: usize = 100;

/// A wave as it is written down.
struct Steps<'a> {
    /// The commits, each with the statement that has found a row if it was carried out.
    commits: Vec<(usize, &'a Commit, usize)>,
    /// The statement that answers which jobs leave, if some may.
    leaving: Option<usize>,
}

impl Committing for MySql {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut script = self.script();
        let waves = waves(&batch.commits).into_iter();
        let steps: Vec<Steps<'_>> =
            waves.map(|wave| Steps::write(&mut script, wave)).collect::<Result<_, _>>()?;
        write_history(&mut script, batch);
        let answers = self.run(script).await?;
        for wave in steps {
            wave.read(&answers, &mut outcomes)?;
        }
        Ok(outcomes)
    }
}

impl<'a> Steps<'a> {
    fn write(script: &mut Script<'_>, mut wave: Wave<'a>) -> Result<Self, StoreError> {
        use CommitAction::{ClearRun, Finish, Start};
        // Jobs are held in the order of their ids, here as elsewhere.
        wave.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        if wave.iter().any(|(_, commit)| matches!(commit.action, Start { .. } | ClearRun { .. })) {
            script.push(sql::HOLD, &[Text(&ids(wave.iter().map(|(_, commit)| *commit))?)]);
        }
        let commits = wave
            .iter()
            .filter_map(|&(place, commit)| Some((place, commit, write(script, commit)?)))
            .collect();
        let ends = |commit: &&Commit| matches!(commit.action, Finish { .. } | ClearRun { .. });
        let mut ended = wave.iter().map(|(_, commit)| *commit).filter(ends).peekable();
        let leaving = match ended.peek() {
            Some(_) => {
                script.push(sql::OVER, &[Text(&ids(ended)?)]);
                let leaving = script.push(sql::LEAVING, &[]);
                script.push(sql::LEAVE, &[]);
                Some(leaving)
            }
            None => None,
        };
        Ok(Self { commits, leaving })
    }

    fn read(self, answers: &[Answer], outcomes: &mut [CommitOutcome]) -> Result<(), StoreError> {
        let rows = self.leaving.into_iter().flat_map(|step| &answers[step].rows);
        let left: HashSet<&str> = rows.map(|row| row.text(0)).collect::<Result<_, _>>()?;
        for (place, commit, step) in self.commits {
            if answers[step].changed > 0 {
                outcomes[place] = match left.contains(commit.id.as_str()) {
                    true => CommitOutcome::Removed,
                    false => CommitOutcome::Done,
                };
            }
        }
        Ok(())
    }
}

/// The ids of the jobs of some commits, as a JSON array.
fn ids<'a>(commits: impl Iterator<Item = &'a Commit>) -> Result<String, StoreError> {
    json(&commits.map(|commit| commit.id.as_str()).collect::<Vec<_>>())
}

/// Writes a commit down; none for an action that a newer core knows and this build doesn't.
fn write(script: &mut Script<'_>, commit: &Commit) -> Option<usize> {
    let Commit { id, fence, action } = commit;
    let (id, fence) = (Text(id.as_str()), Int(fence.0));
    Some(match action {
        CommitAction::Advance { schedule, fire_count, start } => {
            let next = Int(schedule.next_run_time.as_micros());
            let due = Int(schedule.due_at.as_micros());
            // Databases have signed integers; a count never gets there.
            let fires = Int(*fire_count as i64);
            let done = script.push(sql::ADVANCE, &[id, fence, next, due, fires]);
            record(script, commit, start);
            done
        }
        CommitAction::Finish { start } => {
            let done = script.push(sql::FINISH, &[id, fence]);
            record(script, commit, start);
            done
        }
        CommitAction::Postpone { due_at } => {
            script.push(sql::POSTPONE, &[id, fence, Int(due_at.as_micros())])
        }
        CommitAction::Start { runs } => {
            record(script, commit, runs);
            script.push(sql::RELEASE, &[id, fence])
        }
        CommitAction::ClearRun { run_id } => {
            script.push(sql::CLEAR_RUN, &[id, fence, Text(&run_id.to_string())])
        }
        _ => return None,
    })
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
