//! Carrying out a batch of commits in one transaction.
//!
//! Each commit is a plain statement or a few that carry their guard with them, and how many rows they found
//! is the outcome. That is some microseconds a commit slower than statements for all commits at once, but no
//! optimizer of any server can go wrong with it. Only for those that found nothing has it to be asked whether their
//! claim was settled before.

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
    /// The commits, each with its statements: if one has found a row, it was carried out, now or earlier.
    commits: Vec<(usize, &'a Commit, Vec<usize>)>,
    /// The statement that answers which jobs leave, if some may.
    leaving: Option<usize>,
    /// The statement that answers which of the commits that settle claims have done so, and these commits.
    settled: Option<(usize, Wave<'a>)>,
}

impl Committing for MySql {
    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = vec![CommitOutcome::Stale; batch.commits.len()];
        if batch.is_empty() {
            return Ok(outcomes);
        }
        let mut script = self.script();
        let waves = waves(&batch.commits);
        // Nearly always there is one wave, and all of its commits find their rows.
        let asks_at_once = waves.len() > 1;
        let steps: Vec<Steps<'_>> = waves
            .into_iter()
            .map(|wave| Steps::write(&mut script, wave, asks_at_once))
            .collect::<Result<_, _>>()?;
        write_history(&mut script, batch);
        let answers = self.run(script).await?;
        for wave in steps {
            wave.read(&answers, &mut outcomes)?;
        }
        if !asks_at_once {
            self.find_repeated(&batch.commits, &mut outcomes).await?;
        }
        Ok(outcomes)
    }
}

impl MySql {
    /// Asks which of the commits that settle claims, and have changed nothing, have done so before. That they have
    /// changed nothing is as true now as it was then, and so it is enough to ask now.
    async fn find_repeated(
        &self,
        commits: &[Commit],
        outcomes: &mut [CommitOutcome],
    ) -> Result<(), StoreError> {
        let unclear: Wave<'_> = commits
            .iter()
            .enumerate()
            .filter(|(place, _)| outcomes[*place] == CommitOutcome::Stale)
            .filter(|(_, commit)| settles(commit))
            .collect();
        if unclear.is_empty() {
            return Ok(());
        }
        let mut script = Script::new(&self.tables);
        let settled = script.push(sql::SETTLED, &[Text(&fences(&unclear)?)]);
        let answers = self.carry_out(script).await?;
        mark_settled(&answers[settled], &unclear, outcomes)
    }
}

impl<'a> Steps<'a> {
    fn write(
        script: &mut Script<'_>,
        mut wave: Wave<'a>,
        asks_at_once: bool,
    ) -> Result<Self, StoreError> {
        // Jobs are held in the order of their ids, here as elsewhere.
        wave.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        if wave.iter().any(|(_, commit)| changes_runs(commit)) {
            script.push(sql::HOLD, &[Text(&ids(wave.iter().map(|(_, commit)| *commit))?)]);
        }
        let mut commits = Vec::with_capacity(wave.len());
        for &(place, commit) in &wave {
            commits.push((place, commit, write(script, commit)?));
        }
        let ends = |commit: &&Commit| {
            matches!(commit.action, CommitAction::Finish { .. } | CommitAction::ClearRun { .. })
        };
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
        wave.retain(|(_, commit)| settles(commit));
        let settled = match asks_at_once && !wave.is_empty() {
            true => Some((script.push(sql::SETTLED, &[Text(&fences(&wave)?)]), wave)),
            false => None,
        };
        Ok(Self { commits, leaving, settled })
    }

    fn read(self, answers: &[Answer], outcomes: &mut [CommitOutcome]) -> Result<(), StoreError> {
        if let Some((step, wave)) = self.settled {
            mark_settled(&answers[step], &wave, outcomes)?;
        }
        let rows = self.leaving.into_iter().flat_map(|step| &answers[step].rows);
        let left: HashSet<&str> = rows.map(|row| row.text(0)).collect::<Result<_, _>>()?;
        for (place, commit, steps) in self.commits {
            if steps.into_iter().any(|step| answers[step].found()) {
                outcomes[place] = match left.contains(commit.id.as_str()) {
                    true => CommitOutcome::Removed,
                    false => CommitOutcome::Done,
                };
            }
        }
        Ok(())
    }
}

/// Takes down which of these commits have settled their claims.
fn mark_settled(
    answer: &Answer,
    wave: &Wave<'_>,
    outcomes: &mut [CommitOutcome],
) -> Result<(), StoreError> {
    for row in &answer.rows {
        let number = usize::try_from(row.int(0)?).unwrap_or(0);
        if let Some((place, _)) = number.checked_sub(1).and_then(|index| wave.get(index)) {
            outcomes[*place] = CommitOutcome::Done;
        }
    }
    Ok(())
}

/// Whether a commit settles a claim.
fn settles(commit: &Commit) -> bool {
    use CommitAction::{Advance, Finish, Postpone};
    matches!(commit.action, Advance { .. } | Finish { .. } | Postpone { .. })
}

/// Whether a commit changes runs: their job comes first.
fn changes_runs(commit: &Commit) -> bool {
    match &commit.action {
        CommitAction::Advance { start, .. } | CommitAction::Finish { start } => !start.is_empty(),
        CommitAction::Postpone { .. } | CommitAction::BringForward { .. } => false,
        _ => true,
    }
}

/// The ids of the jobs of some commits, as a JSON array.
fn ids<'a>(commits: impl Iterator<Item = &'a Commit>) -> Result<String, StoreError> {
    json(&commits.map(|commit| commit.id.as_str()).collect::<Vec<_>>())
}

/// The same with their fences.
fn fences(wave: &Wave<'_>) -> Result<String, StoreError> {
    let pair = |(_, commit): &(usize, &'_ Commit)| (commit.id.as_str().to_owned(), commit.fence.0);
    json(&wave.iter().map(pair).collect::<Vec<_>>())
}

/// Writes a commit down; no statements for an action that a newer core knows and this build doesn't.
fn write(script: &mut Script<'_>, commit: &Commit) -> Result<Vec<usize>, StoreError> {
    let Commit { id, fence, action } = commit;
    let (id, fence) = (Text(id.as_str()), Int(fence.0));
    Ok(match action {
        CommitAction::Advance { schedule, fire_count, start } => {
            record(script, sql::RECORD_RUN, commit, start);
            let next = Int(schedule.next_run_time.as_micros());
            let due = Int(schedule.due_at.as_micros());
            // Databases have signed integers; a count never gets there.
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
            vec![script.push(sql::HASTEN, &[id, fence, Int(due_at.as_micros())])]
        }
        CommitAction::Start { runs } => {
            record(script, sql::RECORD_START, commit, runs);
            let mut steps = vec![script.push(sql::START_RUNS, &[id, fence])];
            if !runs.is_empty() {
                let runs: Vec<_> = runs.iter().map(|run| run.run_id.to_string()).collect();
                steps.push(script.push(sql::ARE_RECORDED, &[id, Text(&json(&runs)?)]));
            }
            steps
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

/// Records runs, if the guard of this statement holds.
fn record(script: &mut Script<'_>, statement: &'static str, commit: &Commit, runs: &[InFlightRun]) {
    for run in runs {
        push_run(script, statement, commit, run);
    }
}

/// Adds a statement about a run.
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
