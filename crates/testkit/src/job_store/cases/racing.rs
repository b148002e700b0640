//! Many at the same store at the same time.

use std::future::Future;
use std::sync::Arc;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitOutcome, InFlightRun, JobRecord, JobStore,
    RecordUpdate, Schedule, StoreErrorKind, StoredJob, TaskFilter,
};
use tokio::sync::Barrier;

use crate::job_store::handle::Handle;
use crate::job_store::kit::{at, bytes, due, id, run, task};
use crate::job_store::{StoreFixture, Trial};

const RACERS: usize = 8;

/// Lets `RACERS` tasks go at the same moment, and answers what each came to.
async fn race<S, T, R>(store: &Handle<S>, runner: impl Fn(Handle<S>, usize) -> R) -> Vec<T>
where
    S: JobStore,
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(RACERS));
    let racers: Vec<_> = (0..RACERS)
        .map(|number| {
            let (barrier, runner) = (Arc::clone(&barrier), runner(store.clone(), number));
            tokio::spawn(async move {
                barrier.wait().await;
                runner.await
            })
        })
        .collect();
    let mut results = Vec::with_capacity(RACERS);
    for racer in racers {
        results.push(racer.await.expect("no racer fails"));
    }
    results
}

pub async fn each_due_job_goes_to_one_claimer<F: StoreFixture>(t: &Trial<F>) {
    t.add((0..400).map(|n| due(&format!("{n:03}"), at(n % 7))).collect::<Vec<_>>()).await;
    let claimed = race(t, |store, _| async move {
        let mut mine = Vec::new();
        loop {
            let claims = store.claim_some(at(10), 7, &TaskFilter::Any).await;
            // The second is for a store that never comes to an end.
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
        "{claims} claims of {jobs} jobs, 400 were due once each"
    );
}

pub async fn claims_and_commits_run_each_occurrence_once<F: StoreFixture>(t: &Trial<F>) {
    const JOBS: i64 = 40;
    const FIRES: u64 = 5;
    t.add((0..JOBS).map(|n| due(&format!("{n:02}"), at(0))).collect::<Vec<_>>()).await;
    let fired = race(t, |store, _| async move {
        let mut fired = Vec::new();
        loop {
            let claims = store.claim_some(at(100), 9, &TaskFilter::Any).await;
            let over = claims.is_empty() && store.next_wakeup().await.is_none();
            // The second is for a store that never comes to an end.
            if over || fired.len() > JOBS as usize * FIRES as usize {
                return fired;
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
                assert_ne!(outcome, CommitOutcome::Stale, "nobody else had claimed {}", job.id);
                fired.push((job.id, job.fire_count));
            }
        }
    })
    .await;
    let mut all: Vec<_> = fired.into_iter().flatten().collect();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!((before, all.len()), (JOBS as usize * FIRES as usize, before));
    assert_eq!(t.list().await, [""; 0]);
}

pub async fn one_update_wins_per_revision<F: StoreFixture>(t: &Trial<F>) {
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
            "{} updates of one revision succeeded, 1 should",
            winners.len()
        );
        assert_eq!(t.get("a").await.definition, bytes(&winners[0].to_string()));
    }
}

pub async fn one_start_wins_per_fence<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(50))]).await;
    for round in 0..10 {
        let fence = t.get("a").await.fence;
        let outcomes = race(t, |store, number| async move {
            let runs = vec![run(100 * round + number as u128, "n")];
            store.commit_one("a", fence, CommitAction::Start { runs }).await
        })
        .await;
        let won = outcomes.iter().filter(|outcome| **outcome == CommitOutcome::Done).count();
        assert_eq!(won, 1, "{won} starts with one fence succeeded, 1 should: {outcomes:?}");
        assert_eq!(t.get("a").await.in_flight, round as u32 + 1);
    }
}

pub async fn one_adder_wins_per_id<F: StoreFixture>(t: &Trial<F>) {
    let outcomes = race(t, |store, number| async move {
        store
            .add((0..20).map(|n| due(&format!("{n}"), at(number as i64))).collect::<Vec<_>>())
            .await
    })
    .await;
    for n in 0..20 {
        let added = outcomes.iter().filter(|mine| mine[n] == AddOutcome::Added).count();
        assert_eq!(added, 1, "{added} of those that added job \"{n}\" were told that it was added");
    }
}

pub async fn each_orphan_goes_to_one_heir<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    // Each time nodes that nobody has heard of before: whoever searches must see them in time.
    for round in 0..20 {
        let first = 60 * round;
        let runs = (first..first + 60).map(|number| run(number, "dead"));
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
            "round {round}: 60 runs of a dead node were taken over {taken} times"
        );
    }
    for run in t.in_flight("a").await {
        assert_eq!(run.attempt, 2, "a run was taken over more than once, or not at all: {run:?}");
    }
}

pub async fn a_node_keeps_its_runs_or_is_told<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    for number in 1..RACERS {
        t.renew(&format!("heir-{number}"), at(0), at(99)).await;
    }
    for round in 0..20 {
        let name = format!("node-{round}");
        t.renew(&name, at(0), at(10)).await;
        let runs = (20 * round..20 * round + 20).map(|number| run(number, &name));
        t.start_runs("a", runs.collect::<Vec<_>>()).await;
        // By the heirs' time its lease is over, by its own it is not.
        let told = race(t, move |store, number| {
            let name = name.clone();
            async move {
                match number {
                    0 => (store.renew(&name, at(9), at(19)).await.expired, 0),
                    _ => (false, store.take_over(&format!("heir-{number}"), at(10)).await.len()),
                }
            }
        })
        .await;
        let taken: usize = told.iter().map(|(_, taken)| taken).sum();
        assert!(
            told[0].0 || taken == 0,
            "round {round}: a node's renewal returned `expired: false`, but {taken} of its runs were taken: was \
             its lease revoked before they were taken?"
        );
        // What it has kept is in nobody's way in the next round.
        t.renew(&format!("node-{round}"), at(0), at(99)).await;
    }
}

pub async fn records_are_seen_whole<F: StoreFixture>(t: &Trial<F>) {
    const FIRES: u64 = 25;
    /// Each fire moves the schedule, counts, and records two runs.
    fn is_whole(job: &StoredJob) -> bool {
        let fires = job.record.fire_count;
        let of_fires = |run: &InFlightRun| run.run_id.as_u128() < 2 * u128::from(fires);
        is_record_whole(&job.record)
            && job.runs.len() as u64 == 2 * fires
            && job.runs.iter().all(of_fires)
            && job.claim.is_some() == (job.record.claims > 0)
    }
    fn is_record_whole(job: &JobRecord) -> bool {
        let schedule = Some(Schedule::at(at(job.fire_count as i64)));
        job.schedule == schedule && u64::from(job.in_flight) == 2 * job.fire_count
    }
    t.add([due("a", at(0))]).await;
    race(t, |store, number| async move {
        loop {
            let job = store.stored("a").await;
            assert!(is_whole(&job), "{job:?}");
            if job.record.fire_count >= FIRES {
                return;
            }
            if number % 2 == 0 {
                let page = store.store.list(None, 9).await.expect("listing works");
                assert!(page.records.iter().all(is_record_whole), "{page:?}");
                continue;
            }
            for claim in store.claim_some(at(1_000), 1, &TaskFilter::Any).await {
                assert!(is_record_whole(&claim), "{claim:?}");
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
