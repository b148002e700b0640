//! Commits as rows for the statements that carry them out.

use punctual_core::{Commit, CommitAction, InFlightRun};

/// The commits of a wave whose fence holds, as rows for the statements that carry them out.
#[derive(Default)]
pub(super) struct Changes<'a> {
    /// Id, next run time, due at, fire count, fence.
    pub(super) advance: Vec<(&'a str, i64, i64, i64, i64)>,
    /// Id, due at.
    pub(super) postpone: Vec<(&'a str, i64)>,
    /// Id.
    pub(super) finish: Vec<&'a str>,
    /// Id.
    pub(super) release: Vec<&'a str>,
    /// Job, run, scheduled time, attempt, node, fence.
    pub(super) start: Vec<(&'a str, String, i64, u32, &'a str, i64)>,
}

impl<'a> Changes<'a> {
    /// Takes the commit in; whether there is such a change at all. Clearing a run is none, since it is
    /// guarded by the run's own fence.
    pub(super) fn push(&mut self, commit: &'a Commit) -> bool {
        let id = commit.id.as_str();
        let runs = match &commit.action {
            CommitAction::Advance { schedule, fire_count, start } => {
                let (next, due) = (schedule.next_run_time, schedule.due_at);
                // Databases have signed integers; a count never gets there.
                let (next, due, fires) = (next.as_micros(), due.as_micros(), *fire_count as i64);
                self.advance.push((id, next, due, fires, commit.fence.0));
                start
            }
            CommitAction::Finish { start } => {
                self.finish.push(id);
                start
            }
            CommitAction::Postpone { due_at } => {
                self.postpone.push((id, due_at.as_micros()));
                return true;
            }
            CommitAction::Start { runs } => {
                self.release.push(id);
                runs
            }
            // Also an action that a newer core knows and this build doesn't.
            _ => return false,
        };
        self.start.extend(runs.iter().map(|run| run_row(id, run)));
        true
    }
}

fn run_row<'a>(id: &'a str, run: &'a InFlightRun) -> (&'a str, String, i64, u32, &'a str, i64) {
    (
        id,
        run.run_id.to_string(),
        run.scheduled_time.as_micros(),
        run.attempt,
        run.node.as_str(),
        run.fence.0,
    )
}
