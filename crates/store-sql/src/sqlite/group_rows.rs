//! Commits as rows for the statements that execute them.

use punctual_core::{Commit, CommitAction, CommitOutcome, InFlightRun};

/// The state of a job relative to the fence of a commit.
#[derive(Clone, Copy, Default)]
pub(super) struct GuardState {
    /// The job has this fence.
    pub(super) has_fence: bool,
    pub(super) is_claimed: bool,
    /// The claim with this fence is not open and has been settled.
    pub(super) was_settled: bool,
}

/// The rows of the commits of a group whose guard is satisfied.
#[derive(Default)]
pub(super) struct GroupRows<'a> {
    /// Id, next run time, due at, fire count, fence.
    pub(super) advance: Vec<(&'a str, i64, i64, i64, i64)>,
    /// Id, due at.
    pub(super) postpone: Vec<(&'a str, i64)>,
    /// Id, due at.
    pub(super) bring_forward: Vec<(&'a str, i64)>,
    /// Ids of jobs that finish with the start of runs.
    pub(super) finish: Vec<&'a str>,
    /// Ids of jobs that finish without one.
    pub(super) finish_at_once: Vec<&'a str>,
    /// Id.
    pub(super) release: Vec<&'a str>,
    /// Job, run, scheduled time, attempt, node, fence.
    pub(super) start: Vec<RunRow<'a>>,
}

type RunRow<'a> = (&'a str, String, i64, u32, &'a str, i64);

impl<'a> GroupRows<'a> {
    /// Adds a commit if it is guarded by the job's fence and the guard is satisfied, and returns its outcome.
    pub(super) fn push(&mut self, commit: &'a Commit, state: GuardState) -> CommitOutcome {
        use CommitAction::{Advance, BringForward, Finish, Postpone, Start};
        let GuardState { has_fence, is_claimed, was_settled } = state;
        let is_satisfied = match &commit.action {
            Advance { .. } | Finish { .. } | Postpone { .. } => has_fence && is_claimed,
            BringForward { .. } | Start { .. } => has_fence,
            _ => return CommitOutcome::Stale,
        };
        let is_repeat = was_settled && !matches!(commit.action, BringForward { .. } | Start { .. });
        if !is_satisfied {
            return if is_repeat { CommitOutcome::Done } else { CommitOutcome::Stale };
        }
        let id = commit.id.as_str();
        match &commit.action {
            Advance { start, .. } => {
                self.advance.extend(advance(commit));
                self.start(id, start);
            }
            Finish { start } if start.is_empty() => self.finish_at_once.push(id),
            Finish { start } => {
                self.finish.push(id);
                self.start(id, start);
            }
            Postpone { due_at } => self.postpone.push((id, due_at.as_micros())),
            BringForward { due_at } => self.bring_forward.push((id, due_at.as_micros())),
            Start { runs } => {
                self.release.push(id);
                self.start(id, runs);
            }
            _ => {}
        }
        CommitOutcome::Done
    }

    fn start(&mut self, id: &'a str, runs: &'a [InFlightRun]) {
        self.start.extend(runs.iter().map(|run| run_row(id, run)));
    }
}

/// The row of an `Advance` for `GroupRows::advance`, or `None` for other commits.
pub(super) fn advance(commit: &Commit) -> Option<(&str, i64, i64, i64, i64)> {
    let CommitAction::Advance { schedule, fire_count, .. } = &commit.action else { return None };
    let (next, due) = (schedule.next_run_time.as_micros(), schedule.due_at.as_micros());
    // Integers of the database are signed, but a count never reaches the limit.
    Some((commit.id.as_str(), next, due, *fire_count as i64, commit.fence.0))
}

pub(super) fn run_row<'a>(id: &'a str, run: &'a InFlightRun) -> RunRow<'a> {
    (
        id,
        run.run_id.to_string(),
        run.scheduled_time.as_micros(),
        run.attempt,
        run.node.as_str(),
        run.fence.0,
    )
}
