//! Adding, getting and removing jobs.

use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, Fence, JobRecord, JobStore, NewRecord, Revision,
    Schedule, StoredJob,
};

use crate::job_store::builders::{at, bytes, due, id, paused, run, task, with_schedule};
use crate::job_store::{CaseContext, StoreFixture};

use AddOutcome::{Added, Exists};

pub async fn a_new_job_has_the_given_values<F: StoreFixture>(t: &CaseContext<F>) {
    let schedule = Schedule { next_run_time: at(60), due_at: at(63) };
    let new = NewRecord { task: task("mail"), ..with_schedule("a", Some(schedule)) };
    assert_eq!(t.add([new.clone()]).await, [Added]);
    let job = t.get("a").await;
    let expected = JobRecord {
        id: new.id,
        task: new.task,
        definition: new.definition,
        revision: Revision::FIRST,
        fence: job.fence,
        schedule: Some(schedule),
        fire_count: 0,
        claims: 0,
        finished: false,
        in_flight: 0,
    };
    assert_eq!(job, expected);
    let stored =
        StoredJob { last_unsettled_fence: job.fence, record: job, claim: None, runs: vec![] };
    assert_eq!(t.stored("a").await, stored);
}

pub async fn outcomes_are_in_batch_order<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("c", at(0))]).await;
    let batch = ["d", "c", "a", "b"].map(|name| due(name, at(1)));
    assert_eq!(t.add(batch).await, [Added, Exists, Added, Added]);
    assert_eq!(t.list().await, ["c", "a", "b", "d"]);
}

pub async fn an_existing_job_is_not_modified<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let before = t.get("a").await;
    let other = NewRecord { task: task("other"), definition: bytes("[]"), ..paused("a") };
    assert_eq!(t.add([other]).await, [Exists]);
    assert_eq!(t.get("a").await, before);
}

pub async fn the_first_of_two_duplicates_is_added<F: StoreFixture>(t: &CaseContext<F>) {
    let batch = [due("a", at(5)), due("a", at(9)), due("b", at(7))];
    assert_eq!(t.add(batch).await, [Added, Exists, Added]);
    assert_eq!(t.get("a").await.schedule, Some(Schedule::at(at(5))));
}

pub async fn a_large_batch_is_added_completely<F: StoreFixture>(t: &CaseContext<F>) {
    // The maximum of one call, which most stores have to split into several statements.
    let caps = t.store.caps();
    let limit = caps.max_batch.count.min(caps.max_batch.bytes / 20).clamp(1, 5_000);
    let batch = (0..limit).map(|n| due(&format!("job-{n:04}"), at(n as i64))).collect();
    let outcomes = t.store.add(batch).await.expect("adding works");
    assert_eq!(outcomes, vec![Added; limit]);
    let listed = t.list().await;
    assert_eq!(listed.len(), limit);
    assert_eq!(listed.last(), Some(&format!("job-{:04}", limit - 1)));
}

pub async fn each_job_of_a_batch_has_its_own_definition<F: StoreFixture>(t: &CaseContext<F>) {
    // Definitions of several lengths, including 0; every fifth job exists already.
    let new = |n: usize| {
        let name = format!("job-{n:04}");
        NewRecord { definition: bytes(&name[..n % 9]), ..due(&name, at(0)) }
    };
    t.add((0..500).step_by(5).map(new).collect::<Vec<_>>()).await;
    let other = |n| NewRecord { definition: bytes("other"), ..new(n) };
    let batch: Vec<_> = (0..500).map(|n| if n % 5 == 0 { other(n) } else { new(n) }).collect();
    let outcomes = t.add(batch).await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome, if n % 5 == 0 { Exists } else { Added }, "{n}");
        let NewRecord { id, definition, .. } = new(n);
        assert_eq!(t.get(id.as_str()).await.definition, definition, "{n}");
    }
}

pub async fn a_removed_job_no_longer_exists<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(1))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    assert!(t.remove("a").await);
    assert!(!t.remove("a").await, "the job has already been removed");
    assert_eq!(t.find("a").await, None);
    assert_eq!(t.in_flight("a").await, []);
    assert_eq!(t.list().await, ["b"]);
    assert_eq!(t.next_wakeup().await, Some(at(1)));
    assert_eq!(t.claim_one(at(9)).await.id, id("b"));
    assert_eq!(t.take_over("m", at(9)).await, [], "its runs must be removed with the job");
}

pub async fn removals_are_reported_in_batch_order<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(1)), paused("c"), paused("d")]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let ids = ["d", "x", "a", "c", "a"].map(id);
    let removed = t.store.remove(&ids).await.expect("removing works");
    assert_eq!(removed[..4], [true, false, true, true]);
    assert_eq!(removed.len(), 5, "the result of the repeated id is not specified");
    assert_eq!(t.list().await, ["b"]);
    assert_eq!(t.store.remove(&ids).await.expect("removing works"), [false; 5]);
    assert_eq!(t.store.remove(&[]).await.expect("removing works"), [false; 0]);
    assert_eq!(t.next_wakeup().await, Some(at(1)));
    assert_eq!(t.take_over("m", at(9)).await, [], "their runs must be removed with the jobs");
}

pub async fn a_large_batch_is_removed_completely<F: StoreFixture>(t: &CaseContext<F>) {
    let limit = t.store.caps().max_batch.count.min(5_000);
    let names: Vec<String> = (0..limit).map(|n| format!("{n:04}")).collect();
    t.add(names.iter().map(|name| due(name, at(0))).collect::<Vec<_>>()).await;
    let mut ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let last = ids.split_off(limit - limit.min(2) / 2);
    let removed = t.store.remove(&ids).await.expect("removing works");
    assert_eq!(removed, vec![true; ids.len()]);
    assert_eq!(t.list().await.len(), last.len());
}

pub async fn an_id_can_be_reused<F: StoreFixture>(t: &CaseContext<F>) {
    for number in 0..2 {
        t.add([due("a", at(0))]).await;
        t.start_runs("a", [run(1, "n")]).await;
        let first = t.get("a").await.fence;
        let old = t.claim_one(at(0)).await;
        // Removed by a user, or because it has finished.
        if number == 0 {
            assert!(t.remove("a").await);
        } else {
            assert_eq!(t.clear("a", 1, Fence(1)).await, CommitOutcome::Done);
            let finish = CommitAction::Finish { start: vec![] };
            assert_eq!(t.commit_one("a", old.fence, finish).await, CommitOutcome::Removed);
        }
        assert_eq!(t.add([due("a", at(100))]).await, [Added]);
        let new = t.get("a").await;
        assert_eq!((new.revision, new.fire_count, new.in_flight), (Revision::FIRST, 0, 0));

        let claimed = t.claim_one(at(100)).await;
        assert!(![old.fence, first].contains(&claimed.fence));
        let late = t.commit_one("a", old.fence, CommitAction::Finish { start: vec![] }).await;
        assert_eq!(
            late,
            CommitOutcome::Stale,
            "a claim of the removed job must not be valid for the new job"
        );
        assert_eq!(t.clear("a", 1, Fence(1)).await, CommitOutcome::Stale);
        assert!(t.remove("a").await);
    }
}
