//! Machines with different clocks share a store whose clock is authoritative.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use punctual_core::{Clock, EventMask, Recovery, Timestamp};
use punctual_scheduler::AsyncScheduler;
use punctual_testkit::ManualClock;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{
    Call, Fault, Faults, Log, ManualExecutor, Recorder, SchedulerFixture, TIMEOUT, TempStore, at,
    faulty, note,
};

/// A clock with a constant offset in seconds.
#[derive(Clone, Debug)]
struct Shifted {
    right: ManualClock,
    by: Arc<AtomicI64>,
}

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        self.right.now().saturating_add_micros(self.by.load(Ordering::SeqCst) * 1_000_000)
    }

    fn uses_store_clock(&self) -> bool {
        true
    }
}

/// A machine with an offset clock.
struct Node {
    scheduler: AsyncScheduler,
    clock: Shifted,
    events: Recorder,
    faults: Faults,
    held: ManualExecutor,
}

/// Several machines on one file, whose clock is right.
struct Machines {
    right: ManualClock,
    file: TempStore,
    log: Log,
    nodes: Vec<Node>,
    runtime: tokio::runtime::Runtime,
}

impl Machines {
    fn new(shifts: &[i64]) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut machines = Self {
            right: ManualClock::at(at(0)),
            file: TempStore::new(),
            log: Log::default(),
            nodes: Vec::new(),
            runtime,
        };
        for &shift in shifts {
            let node = machines.start(shift);
            machines.nodes.push(node);
        }
        machines
    }

    fn start(&self, shift: i64) -> Node {
        let clock = Shifted { right: self.right.clone(), by: Arc::new(AtomicI64::new(shift)) };
        let mut store = faulty(self.file.store());
        store.0.clock = Some(self.right.clone());
        let (faults, events, held) =
            (store.0.faults.clone(), Recorder::default(), ManualExecutor::default());
        let scheduler = AsyncScheduler::builder()
            .timezone("UTC")
            .clock(clock.clone())
            .job_store("default", store)
            .executor("default", punctual_core::DebugExecutor)
            .executor("held", held.clone())
            .listener(EventMask::ALL, events.listener())
            .app_data(self.log.clone())
            .task(note)
            .build()
            .unwrap();
        self.runtime.block_on(scheduler.start_manual()).unwrap();
        Node { scheduler, clock, events, faults, held }
    }

    /// Makes passes on one machine until none is needed.
    fn pass(&self, node: &Node) {
        for _ in 0..100 {
            let now = node.clock.now();
            let next = self.runtime.block_on(node.scheduler.tick(now));
            if next.is_none_or(|next| next > now) {
                self.runtime.block_on(node.scheduler.flush_events(TIMEOUT));
                return;
            }
        }
        panic!("passes don't become idle");
    }

    /// Makes passes on all machines each second until that second.
    fn run_until(&self, second: i64) {
        let begin = self.right.now().saturating_since(at(0)).as_secs() as i64;
        for now in begin..=second {
            self.right.set(at(now));
            let ran = self.log.len();
            self.nodes.iter().for_each(|node| self.pass(node));
            for line in &self.log.lines()[ran..] {
                assert!(line.ends_with(&format!("@{now}")), "{line} ran at second {now}");
            }
        }
    }

    /// Checks that no node was considered expired.
    fn assert_no_takeover(&self) {
        for node in &self.nodes {
            assert_eq!(node.events.with_prefix("LEASE_LOST"), [""; 0]);
            assert_eq!(node.events.with_prefix("JOB_RECOVERED"), [""; 0]);
            assert_eq!(node.events.with_prefix("JOB_MISSED"), [""; 0]);
        }
    }
}

#[test]
fn each_fire_time_runs_once_and_on_time_by_the_stores_clock() {
    let machines = Machines::new(&[30, -30, 0]);
    let [fast, slow, _] = &machines.nodes[..] else { unreachable!() };
    for (n, recovery) in [(1, Recovery::Rerun), (7, Recovery::Skip)] {
        // The grace time is less than a second, so a run that is a second late by the store's clock does not start.
        let job = slow.scheduler.job(note(format!("every {n}"))).id(format!("{n}"));
        let job = job.recovery(recovery).misfire_grace_time(Duration::from_millis(500));
        let trigger = IntervalTrigger::seconds(n).start_date(at(1));
        machines.runtime.block_on(job.trigger(trigger).add()).unwrap();
    }
    let held = fast.scheduler.job(note("held".into())).id("held").executor("held");
    let held = held.recovery(Recovery::Rerun).trigger(DateTrigger::at(at(5)));
    machines.runtime.block_on(held.add()).unwrap();
    machines.run_until(60);
    machines.assert_no_takeover();
    let count =
        |what: &str| machines.log.lines().iter().filter(|line| line.starts_with(what)).count();
    assert_eq!((count("every 1@"), count("every 7@")), (60, 9));
    let waiting: usize = machines.nodes.iter().map(|node| node.held.len()).sum();
    assert_eq!(waiting, 1, "runs of live nodes are never taken over");
    let offsets = machines
        .nodes
        .iter()
        .map(|node| node.scheduler.health().job_stores[0].clock_offset_micros / 1_000_000);
    assert_eq!(offsets.collect::<Vec<_>>(), [-30, 30, 0]);
}

#[test]
fn added_jobs_are_scheduled_by_the_stores_clock() {
    let machines = Machines::new(&[3_600]);
    let node = &machines.nodes[0];
    let soon = node.scheduler.job(note("soon".into())).trigger(IntervalTrigger::seconds(10));
    let soon = machines.runtime.block_on(soon.add()).unwrap();
    assert_eq!(soon.next_run_time, Some(at(10)));
    let now = machines.runtime.block_on(node.scheduler.job(note("now".into())).add()).unwrap();
    assert_eq!(now.next_run_time, Some(at(0)));
    let run = machines.runtime.block_on(node.scheduler.run_job_now(&soon)).unwrap();
    machines.run_until(3);
    let history = machines.runtime.block_on(node.scheduler.history(Default::default())).unwrap();
    let entry = history.entries.iter().find(|entry| entry.run_id == run.run_id()).unwrap();
    let times = (entry.scheduled_time, entry.started, entry.finished);
    assert_eq!(times, (at(0), Some(at(0)), at(0)), "by the store's clock too");
}

#[test]
fn a_client_uses_the_stores_clock() {
    let machines = Machines::new(&[]);
    let mut store = faulty(machines.file.store());
    store.0.clock = Some(machines.right.clone());
    let clock = Shifted { right: machines.right.clone(), by: Arc::new(AtomicI64::new(-1_000)) };
    let client = AsyncScheduler::builder().clock(clock).job_store("default", store).client_only();
    let client = client.build().unwrap();
    machines.runtime.block_on(client.start_manual()).unwrap();
    let job = client.job(note("a".into())).trigger(IntervalTrigger::seconds(10));
    let job = machines.runtime.block_on(job.add()).unwrap();
    assert_eq!(job.next_run_time, Some(at(10)));
}

#[test]
fn clock_steps_have_no_effect() {
    let machines = Machines::new(&[0, 0]);
    let [steady, set] = &machines.nodes[..] else { unreachable!() };
    let job = steady.scheduler.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(1).start_date(at(1));
    machines.runtime.block_on(job.trigger(trigger).add()).unwrap();
    for (second, by) in [(10, 7_200), (20, -7_200), (30, 25), (40, 0)] {
        machines.run_until(second);
        set.clock.by.store(by, Ordering::SeqCst);
    }
    machines.run_until(60);
    machines.assert_no_takeover();
    assert_eq!(machines.log.len(), 60);
}

/// The clock step is too small to be detected before the renewal, which therefore used the wrong time.
#[test]
fn a_small_clock_step_is_corrected_by_the_next_renewal() {
    for (by, second) in [(3, 5), (-3, 7)] {
        let machines = Machines::new(&[0, 0]);
        let [steady, set] = &machines.nodes[..] else { unreachable!() };
        let job = set.scheduler.job(note("a".into())).id("a").executor("held");
        let job = job.recovery(Recovery::Rerun).trigger(DateTrigger::at(at(5)));
        machines.runtime.block_on(job.add()).unwrap();
        machines.run_until(4);
        machines.right.set(at(5));
        machines.pass(set);
        assert_eq!(set.held.len(), 1);
        machines.run_until(second);
        let calls = |call| set.faults.calls(call);
        let (renewals, questions) = (calls(Call::Renew), calls(Call::Time));
        set.clock.by.store(by, Ordering::SeqCst);
        let tick = |nodes: &[&Node]| {
            machines.right.set(machines.right.now().saturating_add(Duration::from_secs(1)));
            nodes.iter().for_each(|node| machines.pass(node));
        };
        machines.pass(set);
        while calls(Call::Renew) == renewals {
            assert!(machines.right.now() < at(15), "the lease is renewed in time");
            tick(&[steady, set]);
        }
        assert_eq!((calls(Call::Renew), calls(Call::Time)), (renewals + 2, questions), "by {by}");
        // The lease expires ten seconds later by the store's clock, neither sooner nor later.
        let renewed = machines.right.now();
        for (seconds, taken) in [(9, 0), (14, 1)] {
            while machines.right.now() < renewed.saturating_add(Duration::from_secs(seconds)) {
                tick(&[steady]);
            }
            assert_eq!(steady.held.len(), taken, "by {by}");
        }
    }
}

#[test]
fn a_store_whose_time_call_fails_is_reported_as_failed() {
    let machines = Machines::new(&[100]);
    let node = &machines.nodes[0];
    let job = node.scheduler.job(note("a".into())).id("a");
    let trigger = IntervalTrigger::seconds(1).start_date(at(1));
    machines.runtime.block_on(job.trigger(trigger).add()).unwrap();
    machines.run_until(5);
    // The store's clock is read because the local clock is not trusted.
    machines.right.set(at(6));
    node.clock.by.store(7_200, Ordering::SeqCst);
    node.faults.once(Call::Time, Fault::NotApplied);
    machines.run_until(10);
    assert_eq!(node.events.with_prefix("JOBSTORE_FAILED").len(), 1);
    assert_eq!(node.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
    machines.run_until(15);
    // The next pass made up for the fire time of the second without a response.
    assert_eq!((machines.log.len(), node.events.with_prefix("JOB_COALESCED").len()), (14, 1));
}

#[test]
fn a_manual_clock_does_not_follow_the_stores_clock() {
    let file = TempStore::new();
    let mut store = faulty(file.store());
    store.0.clock = Some(ManualClock::at(at(1_000)));
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let job = fixture.job(note("a".into())).id("a").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(9);
    assert_eq!(fixture.log.len(), 0);
    fixture.run_until(10);
    assert_eq!((fixture.log.len(), faults.calls(Call::Time)), (1, 0));
}
