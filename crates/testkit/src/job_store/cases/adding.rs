//! Adding, getting and removing jobs.

use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, JobRecord, JobStore, NewRecord, Revision,
};
use punctual_core::{Fence, Schedule};

use crate::job_store::kit::{at, bytes, due, id, paused, run, task, with_schedule};
use crate::job_store::{StoreFixture, Trial};

use AddOutcome::{Added, Exists};

pub async fn a_new_job_is_as_it_was_given<F: StoreFixture>(t: &Trial<F>) {
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
        finished: false,
        in_flight: 0,
    };
    assert_eq!(job, expected);
}

pub async fn a_batch_is_answered_in_its_order<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("c", at(0))]).await;
    let batch = ["d", "c", "a", "b"].map(|name| due(name, at(1)));
    assert_eq!(t.add(batch).await, [Added, Exists, Added, Added]);
    assert_eq!(t.list().await, ["c", "a", "b", "d"]);
}

pub async fn a_job_that_exists_is_left_as_it_is<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(5))]).await;
    let before = t.get("a").await;
    let other = NewRecord { task: task("other"), definition: bytes("[]"), ..paused("a") };
    assert_eq!(t.add([other]).await, [Exists]);
    assert_eq!(t.get("a").await, before);
}

pub async fn of_two_in_one_batch_the_first_counts<F: StoreFixture>(t: &Trial<F>) {
    let batch = [due("a", at(5)), due("a", at(9)), due("b", at(7))];
    assert_eq!(t.add(batch).await, [Added, Exists, Added]);
    assert_eq!(t.get("a").await.schedule, Some(Schedule::at(at(5))));
}

pub async fn a_large_batch_is_added_whole<F: StoreFixture>(t: &Trial<F>) {
    let batch: Vec<NewRecord> = (0..2_500).map(|n| due(&format!("job-{n:04}"), at(n))).collect();
    assert_eq!(t.add(batch).await, vec![Added; 2_500]);
    let listed = t.list().await;
    assert_eq!(listed.len(), 2_500);
    assert_eq!(listed.last().map(String::as_str), Some("job-2499"));
}

pub async fn each_of_a_batch_has_its_own_definition<F: StoreFixture>(t: &Trial<F>) {
    // Of all lengths, also of none; every fifth job is there already.
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

pub async fn a_removed_job_is_gone<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(1))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    assert!(t.remove("a").await);
    assert!(!t.remove("a").await, "the second time there is nothing to remove");
    assert_eq!(t.find("a").await, None);
    assert_eq!(t.in_flight("a").await, []);
    assert_eq!(t.list().await, ["b"]);
    assert_eq!(t.next_wakeup().await, Some(at(1)));
    assert_eq!(t.claim_one(at(9)).await.id, id("b"));
    assert_eq!(t.take_over("m", at(9)).await, [], "its runs went with it");
}

pub async fn removing_all_leaves_nothing<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(1)), paused("c")]).await;
    t.start_runs("a", [run(1, "n")]).await;
    assert_eq!(t.store.remove_all().await.expect("removing works"), 3);
    assert_eq!(t.store.remove_all().await.expect("removing works"), 0);
    assert_eq!(t.list().await, [""; 0]);
    assert_eq!(t.claim(at(9)).await, []);
    assert_eq!(t.next_wakeup().await, None);
    assert_eq!(t.take_over("m", at(9)).await, []);
}

pub async fn an_id_can_be_used_again<F: StoreFixture>(t: &Trial<F>) {
    for clear in [false, true] {
        t.add([due("a", at(0))]).await;
        t.start_runs("a", [run(1, "n")]).await;
        let old = t.claim_one(at(0)).await;
        if clear {
            assert_eq!(t.store.remove_all().await.expect("removing works"), 1);
        } else {
            assert!(t.remove("a").await);
        }
        assert_eq!(t.add([due("a", at(100))]).await, [Added]);
        let new = t.get("a").await;
        assert_eq!((new.revision, new.fire_count, new.in_flight), (Revision::FIRST, 0, 0));

        let claimed = t.claim_one(at(100)).await;
        assert!(![old.fence, Fence(old.fence.0 - 1)].contains(&claimed.fence));
        let late = t.commit_one("a", old.fence, CommitAction::Finish { start: vec![] }).await;
        assert_eq!(late, CommitOutcome::Stale, "a claim of the old job is none of the new one");
        assert_eq!(t.clear("a", 1, Fence(1)).await, CommitOutcome::Stale);
        assert!(t.remove("a").await);
    }
}
