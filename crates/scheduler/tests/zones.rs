//! Jobs are replanned when the rules of their time zone change. This is a separate test binary because the zone
//! database is shared by the whole process.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

#[path = "behaviour/common/faulty.rs"]
#[expect(dead_code, reason = "these tests need only a part of it")]
mod faulty;

use std::path::Path;
use std::time::Duration;

use faulty::{Call, Fault, Faulty, faulty};
use parking_lot::{Mutex, MutexGuard};
use punctual_core::{Event, EventMask, IntoTrigger, JobProblem, JobStore, Timestamp, ZoneDatabase};
use punctual_macros::task;
use punctual_scheduler::{EventStream, Job};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;
use punctual_triggers::{CronTrigger, CronTriggerBuilder, IntervalTrigger, OrTrigger};
use tempfile::TempDir;

/// 2026-07-01 00:00 in UTC.
const NOW: Timestamp = Timestamp::from_seconds(1_782_864_000);

/// The time that many hours later.
fn hours(hours: i64) -> Timestamp {
    Timestamp::from_seconds(1_782_864_000 + 3600 * hours)
}

#[task]
fn nothing() {}

/// A machine with temporary zone files, and a store with jobs.
struct ZoneFixture {
    zones: TempDir,
    store: Faulty<MemoryJobStore>,
    _alone: MutexGuard<'static, ()>,
}

impl ZoneFixture {
    /// Finland and Sweden have permanent winter time.
    fn new() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock();
        let zones = tempfile::tempdir().unwrap();
        let world = Self { zones, store: faulty(MemoryJobStore::new()), _alone };
        world.publish("2027a", "Europe/Helsinki", "EET-2");
        world.publish("2027a", "Europe/Stockholm", "CET-1");
        ZoneDatabase::from_directory(world.zones.path()).unwrap().install();
        world
    }

    /// Writes a release of the zone files with a different rule for this zone.
    fn publish(&self, release: &str, name: &str, rule: &str) {
        write_zone(&self.zones.path().join(name), rule);
        let version = format!("# version {release}\n");
        std::fs::write(self.zones.path().join("tzdata.zi"), version).unwrap();
    }

    /// Reloads the zone database, as in a new process.
    fn reinstall(&self) {
        ZoneDatabase::current().reload().unwrap().install();
    }

    /// Creates a scheduler on the store at `NOW` that has made no pass.
    fn start(&self) -> ManualScheduler {
        let scheduler = ManualScheduler::start(NOW, |builder| {
            let builder = builder.job_store("default", self.store.clone()).task(nothing);
            builder.timezone("Europe/Helsinki").max_retry_delay(Duration::from_millis(1))
        });
        scheduler.unwrap()
    }

    /// Starts a scheduler, makes a pass, and shuts down.
    fn start_briefly(&self) {
        let scheduler = self.start();
        scheduler.block_on(scheduler.tick(NOW));
        scheduler.block_on(scheduler.shutdown()).unwrap();
    }

    /// Waits until replanning is complete: the store's note then names the current rules.
    async fn noted(&self, name: &str) {
        let rules = ZoneDatabase::current().get(name);
        let rules = rules.map_or("unknown".into(), |zone| format!("{:016x}", zone.fingerprint()));
        let expected = (format!("zone:{name}"), rules);
        let all_noted = async {
            while !self.store.0.inner.metadata().await.unwrap().values.contains(&expected) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), all_noted)
            .await
            .expect("the zone rules are noted");
    }

    fn calls(&self, call: Call) -> usize {
        self.store.0.faults.calls(call)
    }
}

/// Writes a zone file (RFC 9636) that contains only a yearly rule.
fn write_zone(path: &Path, rule: &str) {
    let header = |version: u8| {
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        [b"TZif".as_slice(), &[version], &[0; 15], &counts].concat()
    };
    let block = [0, 0, 0, 0, 0, 0, b'U', b'T', b'C', 0];
    let footer = format!("\n{rule}\n");
    let file = [&header(b'2'), block.as_slice(), &header(b'2'), &block, footer.as_bytes()].concat();
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file).unwrap();
}

fn nightly(zone: &str) -> CronTriggerBuilder {
    CronTrigger::builder().hour(3).timezone(zone)
}

fn add(scheduler: &ManualScheduler, id: &str, trigger: impl IntoTrigger + Send + 'static) -> Job {
    let added = scheduler.job(nothing()).id(id).trigger(trigger).add();
    scheduler.block_on(added).unwrap().into_job()
}

fn next_run(scheduler: &ManualScheduler, id: &str) -> Option<Timestamp> {
    scheduler.block_on(scheduler.get_job(id)).unwrap().unwrap().next_run_time
}

/// Returns the next `count` replanned jobs, ordered by id.
async fn replanned(events: &mut EventStream, count: usize) -> Vec<(String, Timestamp, Timestamp)> {
    let mut replanned = Vec::new();
    while replanned.len() < count {
        match events.next().await {
            Some(Event::JobReplanned { job, from, to, .. }) => {
                replanned.push((job.job_id.to_string(), from, to));
            }
            other => panic!("{other:?}"),
        }
    }
    replanned.sort();
    replanned
}

#[test]
fn jobs_of_changed_zones_are_replanned_at_the_start() {
    let world = ZoneFixture::new();
    let first = world.start();
    add(&first, "finnish", nightly("Europe/Helsinki"));
    add(&first, "scheduler's", CronTrigger::builder().hour(4));
    add(
        &first,
        "either",
        OrTrigger::of(nightly("Europe/Stockholm")).or(nightly("Europe/Helsinki")),
    );
    add(&first, "swedish", nightly("Europe/Stockholm"));
    add(&first, "elapsed", IntervalTrigger::hours(5));
    add(&first, "utc", nightly("UTC"));
    let chosen = first.job(nothing()).id("chosen").trigger(nightly("Europe/Helsinki"));
    first.block_on(chosen.next_run_time(hours(1)).add()).unwrap();
    let paused = first.job(nothing()).id("paused").trigger(nightly("Europe/Helsinki"));
    first.block_on(paused.paused().add()).unwrap();
    first.block_on(first.tick(NOW));
    first.block_on(first.shutdown()).unwrap();
    let stored = first.block_on(world.store.0.inner.metadata()).unwrap().values;
    let keys: Vec<_> = stored.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, ["zone:Europe/Helsinki", "zone:Europe/Stockholm"]);

    world.publish("2027b", "Europe/Helsinki", "EET-1:30");
    world.reinstall();
    let second = world.start();
    let mut events = second.events(EventMask::JOB_REPLANNED);
    second.block_on(async {
        second.tick(NOW).await;
        let later = Timestamp::from_seconds(1_782_864_000 + 5400);
        let four = Timestamp::from_seconds(1_782_864_000 + 9000);
        let expected = [
            ("either".to_owned(), hours(1), later),
            ("finnish".to_owned(), hours(1), later),
            ("scheduler's".to_owned(), hours(2), four),
        ];
        assert_eq!(replanned(&mut events, 3).await, expected);
        world.noted("Europe/Helsinki").await;
        assert!(events.try_next().is_none());
    });
    for (id, next) in [("swedish", 2), ("elapsed", 5), ("utc", 3), ("chosen", 1)] {
        assert_eq!(next_run(&second, id), Some(hours(next)), "{id}");
    }
    assert_eq!(next_run(&second, "paused"), None);
    second.block_on(second.shutdown()).unwrap();
}

#[test]
fn unchanged_zones_cause_no_reads() {
    let world = ZoneFixture::new();
    let first = world.start();
    add(&first, "finnish", nightly("Europe/Helsinki"));
    first.block_on(first.tick(NOW));
    first.block_on(first.shutdown()).unwrap();
    world.start_briefly();
    // The new release changes a zone that no job uses.
    world.publish("2027b", "Europe/Paris", "CET-2");
    world.reinstall();
    world.start_briefly();
    assert_eq!(world.calls(Call::List), 0);
    assert_eq!(world.calls(Call::SetMetadata), 1);
    assert_eq!(
        world.calls(Call::Metadata),
        4,
        "once when the first note is left, once at each start"
    );
}

#[test]
fn a_refresh_replans_jobs_and_applies_to_new_jobs() {
    let world = ZoneFixture::new();
    let scheduler = world.start();
    add(&scheduler, "finnish", nightly("Europe/Helsinki"));
    scheduler.block_on(scheduler.tick(NOW));
    assert_eq!(scheduler.health().zone_release, "2027a");
    assert_eq!(scheduler.block_on(scheduler.refresh_zones()).unwrap(), "2027a");
    scheduler.block_on(scheduler.tick(NOW));
    assert_eq!(world.calls(Call::List), 0);

    world.publish("2027b", "Europe/Helsinki", "EET-1");
    let mut events = scheduler.events(EventMask::JOB_REPLANNED);
    assert_eq!(scheduler.block_on(scheduler.refresh_zones()).unwrap(), "2027b");
    assert_eq!(scheduler.health().zone_release, "2027b");
    scheduler.block_on(async {
        scheduler.tick(NOW).await;
        let expected = [("finnish".to_owned(), hours(1), hours(2))];
        assert_eq!(replanned(&mut events, 1).await, expected);
        world.noted("Europe/Helsinki").await;
    });
    // The scheduler's default zone and newly loaded zones have the new rules.
    assert_eq!(
        add(&scheduler, "own", CronTrigger::builder().hour(3)).next_run_time,
        Some(hours(2))
    );
    let named = add(&scheduler, "named", nightly("Europe/Helsinki"));
    assert_eq!(named.next_run_time, Some(hours(2)));
    // The new rules also apply when the job fires.
    scheduler.advance_to(hours(3));
    assert_eq!(next_run(&scheduler, "finnish"), Some(hours(26)));

    std::fs::remove_dir_all(world.zones.path()).unwrap();
    scheduler.block_on(scheduler.refresh_zones()).unwrap_err();
    assert_eq!(scheduler.health().zone_release, "2027b", "the scheduler keeps the loaded rules");
}

#[test]
fn an_explicit_run_time_is_kept() {
    let world = ZoneFixture::new();
    let scheduler = world.start();
    add(&scheduler, "job", IntervalTrigger::hours(7));
    let change = punctual_scheduler::JobChange::new().trigger(nightly("Europe/Helsinki"));
    scheduler.block_on(scheduler.modify_job("job", change)).unwrap();
    add(&scheduler, "other", IntervalTrigger::hours(7));
    let rescheduled = scheduler.reschedule_job("other", nightly("Europe/Helsinki"));
    scheduler.block_on(rescheduled).unwrap();
    scheduler.block_on(scheduler.tick(NOW));
    world.publish("2027b", "Europe/Helsinki", "EET-1");
    scheduler.block_on(async {
        scheduler.refresh_zones().await.unwrap();
        scheduler.tick(NOW).await;
        world.noted("Europe/Helsinki").await;
    });
    assert_eq!(next_run(&scheduler, "job"), Some(hours(7)));
    assert_eq!(next_run(&scheduler, "other"), Some(hours(2)));
}

#[test]
fn overdue_jobs_are_not_replanned() {
    let world = ZoneFixture::new();
    let scheduler = world.start();
    add(&scheduler, "finnish", nightly("Europe/Helsinki"));
    scheduler.block_on(scheduler.tick(NOW));
    scheduler.pause().unwrap();
    world.publish("2027b", "Europe/Helsinki", "EET-1");
    scheduler.clock().set(hours(1));
    scheduler.block_on(async {
        scheduler.refresh_zones().await.unwrap();
        scheduler.tick(hours(1)).await;
        world.noted("Europe/Helsinki").await;
    });
    assert_eq!(next_run(&scheduler, "finnish"), Some(hours(1)));
}

#[test]
fn replanning_is_retried_until_complete() {
    for (call, fault) in [
        (Call::Update, Fault::NotApplied),
        (Call::SetMetadata, Fault::NotApplied),
        (Call::List, Fault::ResponseLost),
    ] {
        let world = ZoneFixture::new();
        let scheduler = world.start();
        add(&scheduler, "one", nightly("Europe/Helsinki"));
        add(&scheduler, "two", nightly("Europe/Helsinki"));
        scheduler.block_on(scheduler.tick(NOW));
        world.publish("2027b", "Europe/Helsinki", "EET-1");
        world.store.0.faults.once(call, fault);
        let mut events = scheduler.events(EventMask::JOB_REPLANNED);
        scheduler.block_on(async {
            scheduler.refresh_zones().await.unwrap();
            scheduler.tick(NOW).await;
            let ids = replanned(&mut events, 2).await.into_iter().map(|(id, ..)| id);
            assert_eq!(ids.collect::<Vec<_>>(), ["one", "two"], "{call:?}");
            world.noted("Europe/Helsinki").await;
            assert!(events.try_next().is_none(), "each job is replanned once");
        });
        assert_eq!(world.calls(Call::List), 2);
    }
}

#[test]
fn jobs_of_a_missing_zone_are_unresolved() {
    let world = ZoneFixture::new();
    world.publish("2027a", "Moon/Tranquility", "LST-4");
    world.reinstall();
    let first = world.start();
    add(&first, "lunar", nightly("Moon/Tranquility"));
    first.block_on(first.tick(NOW));
    first.block_on(first.shutdown()).unwrap();

    std::fs::remove_file(world.zones.path().join("Moon/Tranquility")).unwrap();
    world.reinstall();
    let second = world.start();
    second.block_on(async {
        second.tick(NOW).await;
        world.noted("Moon/Tranquility").await;
    });
    let job = second.block_on(second.get_job("lunar")).unwrap().unwrap();
    assert!(matches!(job.problem.as_deref(), Some(JobProblem::Trigger(_))), "{:?}", job.problem);
    assert_eq!(job.next_run_time, Some(hours(23)));

    world.publish("2027c", "Moon/Tranquility", "LST-3");
    let mut events = second.events(EventMask::JOB_REPLANNED);
    second.block_on(async {
        assert_eq!(second.refresh_zones().await.unwrap(), "2027c");
        second.tick(NOW).await;
        let expected = [("lunar".to_owned(), hours(23), NOW)];
        assert_eq!(replanned(&mut events, 1).await, expected);
    });
}
