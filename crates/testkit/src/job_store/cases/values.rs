//! Unusual and maximum values of names, definitions and numbers.

use punctual_core::AddOutcome::Added;
use punctual_core::{
    CommitAction, CommitOutcome, Fence, InFlightRun, JobCursor, JobId, JobStore, NewRecord,
    RecordUpdate, Schedule, StoredDefinition, TakeOverFrom, TaskName,
};

use crate::job_store::builders::{at, due, node, only, paused, run, task};
use crate::job_store::{CaseContext, StoreFixture};

const SPECIAL: [&str; 12] = [
    "it's",
    "\"quoted\"",
    "`back`",
    "a;DROP TABLE jobs--",
    "100%_*?",
    "back\\slash",
    "{curly}[square]",
    "key:with:colons/and/slashes",
    "a b",
    "naïve",
    "日本語",
    "👩‍🚀🕐",
];

pub async fn special_characters_are_kept<F: StoreFixture>(t: &CaseContext<F>) {
    for (n, name) in SPECIAL.into_iter().enumerate() {
        let task = TaskName::new(name).expect("a valid name");
        t.add([NewRecord { task: task.clone(), ..due(name, at(0)) }]).await;
        t.start_runs(name, [run(n as u128, name)]).await;
        let claim = t.claim_some(at(0), 9, &only(&[name])).await.remove(0);
        assert_eq!((claim.id.as_str(), &claim.task), (name, &task));
        t.reschedule(name, Some(Schedule::at(at(50)))).await;
        assert_eq!(t.in_flight(name).await, [run(n as u128, name)]);
        let new_owner = node(&format!("{name}!"));
        let orphan = t
            .take_over_some(&new_owner, &TakeOverFrom::ExpiredNodes, at(0), 9, &only(&[name]))
            .await
            .runs
            .remove(0);
        assert_eq!((orphan.run.node, orphan.record.id.as_str()), (new_owner, name));
        t.clear(name, n as u128, orphan.run.fence).await;
    }
    assert_eq!(t.list().await.len(), SPECIAL.len());
    for name in SPECIAL {
        assert!(t.remove(name).await);
    }
}

pub async fn ids_of_maximum_length_are_distinct<F: StoreFixture>(t: &CaseContext<F>) {
    for letter in ["x", "é", "日", "😀"] {
        let stem = letter.repeat(190);
        let names = [format!("{stem}0"), format!("{stem}1")];
        t.add(names.each_ref().map(|name| due(name, at(0)))).await;
        assert_eq!(t.list().await, names);
        assert!(t.remove(&names[0]).await);
        assert_eq!(t.claim_one(at(0)).await.id, *names[1]);
        let cursor = JobCursor {
            next_run_time: Some(at(0)),
            id: JobId::new(&names[0]).expect("191 characters"),
        };
        let page = t.store.list(Some(&cursor), 1).await.expect("listing works");
        assert_eq!(page.records.len(), 1);
        assert!(t.remove(&names[1]).await);
    }
}

pub async fn similar_names_are_distinct<F: StoreFixture>(t: &CaseContext<F>) {
    // Case, accents, trailing spaces, composed and decomposed letters, which many collations treat as equal.
    let names = ["a", "A", "á", "a\u{301}", "a ", " a", "ａ"];
    for name in names {
        t.add([paused(name)]).await;
    }
    assert_eq!(t.list().await.len(), names.len());
    for name in names {
        assert_eq!(t.get(name).await.id, *name);
        assert!(t.remove(name).await);
    }
}

pub async fn definitions_are_stored_unchanged<F: StoreFixture>(t: &CaseContext<F>) {
    let every_byte: Vec<u8> = (0..=255).cycle().take(size(t, 1 << 20)).collect();
    let definitions = [vec![], vec![0], b"\"\\u0000\"".to_vec(), vec![0xFF, 0xFE], every_byte];
    for (n, bytes) in definitions.into_iter().enumerate() {
        let definition = StoredDefinition::from(bytes);
        let name = format!("job-{n}");
        t.add([NewRecord { definition: definition.clone(), ..due(&name, at(0)) }]).await;
        assert_eq!(t.get(&name).await.definition, definition);
        assert!(t.claim_one(at(0)).await.definition == definition);
        t.remove(&name).await;
    }
}

/// Returns `bytes`, limited to the maximum size of a definition in the store.
fn size<F: StoreFixture>(t: &CaseContext<F>, bytes: usize) -> usize {
    bytes.min(t.store.caps().max_definition)
}

pub async fn definitions_of_maximum_size_are_stored<F: StoreFixture>(t: &CaseContext<F>) {
    // The maximum size of the store, unless the test would take too long.
    let max = t.store.caps().max_definition;
    let size = if max < 4 << 20 { max } else { 1 << 20 };
    let definition = |n: u8| StoredDefinition::from(vec![n; size]);
    let outcomes =
        t.add([0, 1].map(|n| NewRecord {
            definition: definition(n),
            ..due(&n.to_string(), at(i64::from(n)))
        }));
    assert_eq!(outcomes.await, [Added, Added]);
    let update =
        RecordUpdate { definition: Some((task("work"), definition(2))), ..Default::default() };
    t.update("0", update).await;
    for (claim, n) in t.claim(at(1)).await.into_iter().zip([2, 1]) {
        // `assert_eq!` would print the definitions.
        assert!(claim.definition == definition(n));
        assert!(t.get(claim.id.as_str()).await == claim);
    }
}

pub async fn large_definitions_are_added_in_one_batch<F: StoreFixture>(t: &CaseContext<F>) {
    // Together they exceed the maximum request size of servers. They are added in several calls only if the store's
    // `max_batch` requires it.
    let size = size(t, 1 << 20);
    let jobs: Vec<NewRecord> = (0..20)
        .map(|n: u8| {
            let definition = StoredDefinition::from(vec![n; size]);
            NewRecord { definition, ..due(&format!("job-{n:02}"), at(i64::from(n))) }
        })
        .collect();
    assert_eq!(t.add(jobs.clone()).await, vec![Added; jobs.len()]);
    let page = t.store.list(None, 100).await.expect("listing works");
    let claims = t.claim(at(100)).await;
    assert_eq!((page.records.len(), claims.len()), (jobs.len(), jobs.len()));
    for ((job, record), claim) in jobs.iter().zip(page.records).zip(claims) {
        // `assert_eq!` would print the definitions.
        assert!((&job.id, &job.definition) == (&record.id, &record.definition));
        assert!((&job.id, &job.definition) == (&claim.id, &claim.definition));
    }
}

pub async fn maximum_counts_are_stored<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    let start = vec![InFlightRun { attempt: u32::MAX, fence: Fence::MAX, ..run(u128::MAX, "n") }];
    let fire_count = i64::MAX as u64;
    let action = CommitAction::Advance { schedule: Schedule::at(at(9)), fire_count, start };
    assert_eq!(t.commit_one("a", claim.fence, action).await, CommitOutcome::Done);
    let job = t.stored("a").await;
    assert_eq!(job.record.fire_count, fire_count);
    assert_eq!((job.runs[0].attempt, job.runs[0].fence), (u32::MAX, Fence::MAX));
    assert_eq!(t.clear("a", u128::MAX, Fence::MAX).await, CommitOutcome::Done);
}
