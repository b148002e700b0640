//! Concurrent calls of several tasks on the same store.

use std::future::Future;
use std::sync::Arc;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitOutcome, InFlightRun, JobRecord, JobStore,
    RecordUpdate, Schedule, StoreErrorKind, StoredJob, TaskFilter,
};
use tokio::sync::Barrier;

use crate::job_store::builders::{at, bytes, due, id, run, task};
use crate::job_store::under_test::StoreUnderTest;
use crate::job_store::{CaseContext, StoreFixture};

const TASKS: usize = 8;

/// Starts `TASKS` tasks simultaneously and returns their results.
async fn race<S, T, R>(
    store: &StoreUnderTest<S>,
    work: impl Fn(StoreUnderTest<S>, usize) -> R,
) -> Vec<T>
where
    S: JobStore,
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|number| {
            let (barrier, work) = (Arc::clone(&barrier), work(store.clone(), number));
            tokio::spawn(async move {
                barrier.wait().await;
                work.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(TASKS);
    for task in tasks {
        results.push(task.await.expect("no task panics"));
    }
    results
}

pub async fn each_due_job_is_claimed_once<F: StoreFixture>(t: &CaseContext<F>) {
    t.add((0..400).map(|n| due(&format!("{n:03}"), at(n % 7))).collect::<Vec<_>>()).await;
    let claimed = race(t, |store, _| async move {
        let mut mine = Vec::new();
        loop {
            let claims = store.claim_some(at(10), 7, &TaskFilter::Any).await;
            // The second condition is for a store that would claim forever.
            if claims.is_empty() || mine.len() > 400 {
                return mine;
            }
            mine.extend(claims.into_iter().map(|job| job.id));
        }
    })
    .await;
    let mut all: Vec<_> = claimed.into_iter().flatten().collect();
    let claims = all.len();
    all.sort();
    all.dedup();
    let jobs = all.len();
    assert_eq!(
        (claims, jobs),
        (400, 400),
        "{claims} claims of {jobs} jobs, but each of 400 jobs was due once"
    );
}

pub async fn each_fire_time_is_claimed_and_committed_once<F: StoreFixture>(t: &CaseContext<F>) {
    const JOBS: i64 = 40;
    const FIRES: u64 = 5;
    t.add((0..JOBS).map(|n| due(&format!("{n:02}"), at(0))).collect::<Vec<_>>()).await;
    let committed = race(t, |store, _| async move {
        let mut committed = Vec::new();
        loop {
            let claims = store.claim_some(at(100), 9, &TaskFilter::Any).await;
            let over = claims.is_empty() && store.next_wakeup().await.is_none();
            // The second condition is for a store that would claim forever.
            if over || committed.len() > JOBS as usize * FIRES as usize {
                return committed;
            }
            tokio::task::yield_now().await;
            let batch: Vec<Commit> = claims
                .iter()
                .map(|job| {
                    let fire_count = job.fire_count + 1;
                    let schedule = Schedule::at(at(fire_count as i64));
                    let start = vec![];
                    let action = if fire_count == FIRES {
                        CommitAction::Finish { start }
                    } else {
                        CommitAction::Advance { schedule, fire_count, start }
                    };
                    Commit { id: job.id.clone(), fence: job.fence, action }
                })
                .collect();
            for (job, outcome) in claims.into_iter().zip(store.commit(batch).await) {
                assert_ne!(
                    outcome,
                    CommitOutcome::Stale,
                    "the commit for {} is stale, but its claim was not revoked",
                    job.id
                );
                committed.push((job.id, job.fire_count));
            }
        }
    })
    .await;
    let mut all: Vec<_> = committed.into_iter().flatten().collect();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!((before, all.len()), (JOBS as usize * FIRES as usize, before));
    assert_eq!(t.list().await, [""; 0]);
}

pub async fn one_update_per_revision_succeeds<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    for _ in 0..10 {
        let revision = t.get("a").await.revision;
        let won = race(t, |store, number| async move {
            let definition = Some((task("work"), bytes(&number.to_string())));
            let update = RecordUpdate { definition, ..Default::default() };
            match store.store.update(&id("a"), revision, update).await {
                Ok(new) => {
                    assert_eq!(new, revision.next());
                    Some(number)
                }
                Err(error) => {
                    assert_eq!(error.kind(), StoreErrorKind::Conflict);
                    None
                }
            }
        })
        .await;
        let winners: Vec<usize> = won.into_iter().flatten().collect();
        assert_eq!(
            winners.len(),
            1,
            "{} updates of one revision succeeded instead of 1",
            winners.len()
        );
        assert_eq!(t.get("a").await.definition, bytes(&winners[0].to_string()));
    }
}

pub async fn one_start_per_fence_succeeds<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(50))]).await;
    for round in 0..10 {
        let fence = t.get("a").await.fence;
        let outcomes = race(t, |store, number| async move {
            let runs = vec![run(100 * round + number as u128, "n")];
            store.commit_one("a", fence, CommitAction::Start { runs }).await
        })
        .await;
        let won = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Done).count();
        assert_eq!(won, 1, "{won} starts with one fence succeeded instead of 1: {outcomes:?}");
        assert_eq!(t.get("a").await.in_flight, round as u32 + 1);
    }
}

pub async fn one_add_per_id_succeeds<F: StoreFixture>(t: &CaseContext<F>) {
    let outcomes = race(t, |store, number| async move {
        store
            .add((0..20).map(|n| due(&format!("{n}"), at(number as i64))).collect::<Vec<_>>())
            .await
    })
    .await;
    for n in 0..20 {
        let added = outcomes.iter().filter(|mine| mine[n] == AddOutcome::Added).count();
        assert_eq!(added, 1, "{added} calls returned that job \"{n}\" was added, instead of 1");
    }
}

pub async fn each_orphaned_run_is_taken_over_once<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    // New nodes in each round: a concurrent take-over must see their leases in time.
    for round in 0..20 {
        let first = 60 * round;
        let runs = (first..first + 60).map(|number| run(number, "expired"));
        t.start_runs("a", runs.collect::<Vec<_>>()).await;
        let taken = race(t, move |store, number| async move {
            let name = format!("node-{round}-{number}");
            store.renew(&name, at(0), at(10)).await;
            store.take_over(&name, at(1)).await
        })
        .await;
        let taken: usize = taken.iter().map(Vec::len).sum();
        assert_eq!(
            taken, 60,
            "round {round}: {taken} runs were taken over, but the expired node had 60"
        );
    }
    for run in t.in_flight("a").await {
        assert_eq!(run.attempt, 2, "a run was taken over more than once, or not at all: {run:?}");
    }
}

pub async fn a_node_keeps_its_runs_or_renews_as_expired<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    for number in 1..TASKS {
        t.renew(&format!("new_owner-{number}"), at(0), at(99)).await;
    }
    for round in 0..20 {
        let name = format!("node-{round}");
        t.renew(&name, at(0), at(10)).await;
        let runs = (20 * round..20 * round + 20).map(|number| run(number, &name));
        t.start_runs("a", runs.collect::<Vec<_>>()).await;
        // By the new owners' clocks the lease has expired, by the clock of its node it has not.
        let results = race(t, move |store, number| {
            let name = name.clone();
            async move {
                match number {
                    0 => (store.renew(&name, at(9), at(19)).await.expired, 0),
                    _ => {
                        (false, store.take_over(&format!("new_owner-{number}"), at(10)).await.len())
                    }
                }
            }
        })
        .await;
        let taken: usize = results.iter().map(|(_, taken)| taken).sum();
        assert!(
            results[0].0 || taken == 0,
            "round {round}: a node's renewal returned `expired: false`, but {taken} of its runs were taken \
             over: was its lease revoked before they were taken over?"
        );
        // So that runs that the node has kept are not taken over in the next round.
        t.renew(&format!("node-{round}"), at(0), at(99)).await;
    }
}

pub async fn jobs_are_read_atomically<F: StoreFixture>(t: &CaseContext<F>) {
    const FIRES: u64 = 25;
    /// Each commit changes the schedule and the fire count, and records two runs.
    fn is_consistent(job: &StoredJob) -> bool {
        let fires = job.record.fire_count;
        let of_fires = |run: &InFlightRun| run.run_id.as_u128() < 2 * u128::from(fires);
        is_record_consistent(&job.record)
            && job.runs.len() as u64 == 2 * fires
            && job.runs.iter().all(of_fires)
            && job.claim.is_some() == (job.record.claims > 0)
    }
    fn is_record_consistent(job: &JobRecord) -> bool {
        let schedule = Some(Schedule::at(at(job.fire_count as i64)));
        job.schedule == schedule && u64::from(job.in_flight) == 2 * job.fire_count
    }
    t.add([due("a", at(0))]).await;
    race(t, |store, number| async move {
        loop {
            let job = store.stored("a").await;
            assert!(is_consistent(&job), "{job:?}");
            if job.record.fire_count >= FIRES {
                return;
            }
            if number % 2 == 0 {
                let page = store.store.list(None, 9).await.expect("listing works");
                assert!(page.records.iter().all(is_record_consistent), "{page:?}");
                continue;
            }
            for claim in store.claim_some(at(1_000), 1, &TaskFilter::Any).await {
                assert!(is_record_consistent(&claim), "{claim:?}");
                let first = 2 * u128::from(claim.fire_count);
                let fire_count = claim.fire_count + 1;
                let schedule = Schedule::at(at(fire_count as i64));
                let start = vec![run(first, "n"), run(first + 1, "n")];
                let action = CommitAction::Advance { schedule, fire_count, start };
                let outcome = store.commit_one("a", claim.fence, action).await;
                assert_eq!(outcome, CommitOutcome::Done);
            }
        }
    })
    .await;
}
