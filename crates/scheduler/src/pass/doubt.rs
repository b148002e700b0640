//! Commits whose answer did not come: nobody knows whether they were carried out.

use std::sync::Arc;

use punctual_core::{CommitAction, CommitOutcome, StoreError, Timestamp};

use super::Passes;
use super::planned::Planned;
use super::state::PassState;
use crate::store::Slot;

/// What became of a commit that was in doubt.
enum Settled {
    /// It was carried out, and the runs that are left in the plan are this process's to start.
    CarriedOut(CommitOutcome),
    /// The claim had ended before: whoever claims the job next runs it.
    NotCarriedOut,
    /// Nobody can tell any more. Its runs do not start here.
    Unknown,
}

impl Passes {
    /// Repeats commits that may or may not have been carried out. A claim is settled once: a repeat is answered
    /// like the first, and changes nothing if that was carried out.
    pub(super) async fn retry_uncertain(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        while !pass.uncertain.is_empty() {
            let count = pass.uncertain.len().min(slot.batch(self.shared.settings.batch));
            let commits: Vec<_> =
                pass.uncertain[..count].iter().map(|job| job.commit.clone()).collect();
            for outcome in slot.store.commit(commits.into()).await? {
                // Each by itself: what is settled is not in doubt any more when a look at the next one fails.
                let settled = settled_as(slot, &mut pass.uncertain[0], outcome).await?;
                let job = pass.uncertain.remove(0);
                match settled {
                    Settled::CarriedOut(outcome) => self.carry_out(slot, job, outcome),
                    Settled::NotCarriedOut => self.carry_out(slot, job, CommitOutcome::Stale),
                    Settled::Unknown => self.tell_lost(slot, job, now),
                }
            }
        }
        Ok(())
    }
}

/// What a repeated commit and a look at the record tell about the first. Runs that others have taken over since
/// are taken out of the plan.
async fn settled_as(
    slot: &Slot,
    job: &mut Planned,
    outcome: CommitOutcome,
) -> Result<Settled, StoreError> {
    // Only runs on record can have been taken over since.
    if outcome == CommitOutcome::Removed || (outcome == CommitOutcome::Done && !job.is_recorded()) {
        return Ok(Settled::CarriedOut(outcome));
    }
    let found = slot.store.get(&job.record.id).await?;
    let own = job.own_among(found.as_ref().map_or(&[], |job| &job.runs));
    // Where a later claim was lost the repeat is refused either way, but then the runs on record tell.
    if outcome == CommitOutcome::Done || !own.is_empty() {
        job.runs.retain(|run| own.contains(&run.run_id));
        return Ok(Settled::CarriedOut(CommitOutcome::Done));
    }
    Ok(match found {
        // A later claim was lost, too: whether this one was settled before does not show any more.
        Some(found) if found.last_unsettled_fence > job.commit.fence && !job.is_recorded() => {
            Settled::Unknown
        }
        Some(_) => Settled::NotCarriedOut,
        // Removed by the first, or by a user.
        None if job.is_recorded() => Settled::NotCarriedOut,
        None if !matches!(job.commit.action, CommitAction::Finish { .. }) => Settled::NotCarriedOut,
        // By the first, if nobody else can have claimed and finished the job: by what the clock shows now, since the
        // process may have been stopped in between.
        None if slot.now() < job.claimed_until => Settled::CarriedOut(CommitOutcome::Removed),
        None => Settled::Unknown,
    })
}
