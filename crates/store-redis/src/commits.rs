//! Claims and commits.

use std::time::Duration;

use punctual_core::{
    Claims, Commit, CommitAction, CommitBatch, CommitOutcome, InFlightRun, NodeId, Schedule,
    StoreError, StoreErrorKind, TaskFilter, Timestamp,
};

use crate::database::{LIMIT, REPLY_BYTES, Redis};
use crate::history::entry_args;
use crate::layout;
use crate::scripts;

impl Redis {
    pub(crate) async fn claim(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let call = self
            .call(&scripts::CLAIM)
            .arg(node.as_str())
            .arg(layout::instant(now))
            .arg(layout::instant(now.saturating_add(lease)))
            .arg(limit.min(LIMIT.count))
            .arg(REPLY_BYTES)
            .step()
            .filter(filter);
        let mut reply = self.read(call).await?;
        let mut claims = Claims::new(Vec::new(), reply.flag(0)?);
        for row in (1..reply.len()).step_by(3) {
            let (id, header) = (reply.bytes(row)?, reply.bytes(row + 1)?);
            match layout::job(&id, &header, reply.bytes(row + 2)?) {
                Ok(job) => claims.records.push(job.record),
                Err(corrupt) => claims.corrupt.push(corrupt),
            }
        }
        Ok(claims)
    }

    pub(crate) async fn apply(
        &self,
        batch: &CommitBatch,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(batch.commits.len());
        let mut commits = batch.commits.chunks(LIMIT.count);
        let mut entries = batch.history.chunks(LIMIT.count);
        loop {
            let (commits, entries) = match (commits.next(), entries.next()) {
                (None, None) => return Ok(outcomes),
                (commits, entries) => (commits.unwrap_or_default(), entries.unwrap_or_default()),
            };
            let mut call =
                self.call(&scripts::COMMIT).step().arg(self.channel()).arg(commits.len());
            for commit in commits {
                call = call.arg(commit.id.as_str()).arg(change(commit)?);
            }
            for entry in entries {
                call = entry_args(call, entry)?;
            }
            let outcome = |letter| match letter {
                b'd' => CommitOutcome::Done,
                b'r' => CommitOutcome::Removed,
                _ => CommitOutcome::Stale,
            };
            outcomes.extend(self.write(call).await?.bytes(0)?.into_iter().map(outcome));
        }
    }
}

/// A commit as an argument of the script.
fn change(commit: &Commit) -> Result<String, StoreError> {
    let (letter, rest) = match &commit.action {
        CommitAction::Advance { schedule, fire_count, start } => {
            ("a", advance(*schedule, *fire_count, start))
        }
        CommitAction::Finish { start } => ("f", layout::runs(start)),
        CommitAction::Postpone { due_at } => ("p", layout::instant(*due_at)),
        CommitAction::BringForward { due_at } => ("b", layout::instant(*due_at)),
        CommitAction::Start { runs } => ("s", layout::runs(runs)),
        CommitAction::ClearRun { run_id } => ("c", run_id.to_string()),
        CommitAction::RetryRun { run } => ("r", layout::runs([run])),
        other => {
            let message = format!("a Redis store does not support {other:?}");
            return Err(StoreError::new(StoreErrorKind::Unsupported, message));
        }
    };
    Ok([letter, &layout::number(commit.fence.0), &rest].concat())
}

fn advance(schedule: Schedule, fire_count: u64, start: &[InFlightRun]) -> String {
    let fire_count = layout::number(i64::try_from(fire_count).unwrap_or(i64::MAX));
    [layout::schedule(Some(schedule)), fire_count, layout::runs(start)].concat()
}
