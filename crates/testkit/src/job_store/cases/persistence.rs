//! Data that persists when the process exits.

use punctual_core::{CommitAction, CommitOutcome, JobRecord, Schedule};

use crate::job_store::builders::{LEASE, at, due, paused, run};
use crate::job_store::{CaseContext, StoreFixture};

pub async fn all_data_is_kept_after_reopening<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(5)), paused("p"), due("f", at(0))]).await;
    t.renew("n", at(0), at(99)).await;
    for claim in t.claim(at(0)).await {
        let start = vec![run(1, "n")];
        let schedule = Schedule::at(at(60));
        let action = if claim.id == *"a" {
            CommitAction::Advance { schedule, fire_count: 7, start }
        } else {
            CommitAction::Finish { start }
        };
        t.commit_one(claim.id.as_str(), claim.fence, action).await;
    }
    t.set_metadata("key", "text").await;
    let mut before: Vec<JobRecord> = Vec::new();
    for name in ["a", "b", "f", "p"] {
        before.push(t.get(name).await);
    }
    t.stop().await;

    let reopened = t.second_store().await;
    for job in before {
        assert_eq!(reopened.get(job.id.as_str()).await, job);
    }
    assert_eq!(reopened.in_flight("a").await, [run(1, "n")]);
    assert_eq!(reopened.take_over("m", at(98)).await, [], "the lease of the node is still valid");
    assert_eq!(reopened.next_wakeup().await, Some(at(5)));
    assert_eq!(reopened.metadata().await, [("key".into(), "text".into())]);
    reopened.stop().await;
}

pub async fn a_claim_is_kept_over_a_restart<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    t.stop().await;
    let reopened = t.second_store().await;
    assert_eq!(reopened.claim(at(1)).await, []);
    let again = reopened.claim_one(at(0).saturating_add(LEASE)).await;
    assert!(again.fence > claim.fence);
    let late = CommitAction::Finish { start: vec![] };
    assert_eq!(reopened.commit_one("a", claim.fence, late).await, CommitOutcome::Stale);
    reopened.stop().await;
}
