//! An idle scheduler uses almost no processor time: with every mix of stores, while it is paused, while its stores are
//! unavailable, and with any number of pending jobs.
//!
//! Processor time is measured for the whole process, so a single test takes all measurements one after the other. The
//! load of the machine does not matter: a driver that wakes itself continuously uses hundreds of milliseconds per
//! second.

use std::sync::mpsc;
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual::core::NewRecord;
use punctual::prelude::*;
use punctual::{JobStore, SchedulerBuilder};
use punctual_backends::{Backend, Location, Options};
use punctual_testkit::Layered;
use punctual_tests::failpoint::{FailpointControl, FailpointLayer};
use punctual_tests::test_store::TestStore;
use tokio::sync::watch;

/// The duration of one measurement.
const WINDOW: Duration = Duration::from_millis(500);

/// The maximum processor time in one measurement, without optimizations: one poll of each of five stores, and five
/// lease renewals.
const LIMIT: Duration = Duration::from_millis(40);

/// The number of measurements in which the scheduler may still be busy with earlier work.
const WINDOWS: usize = 8;

/// The timeout for expected events.
const TIMEOUT: Duration = Duration::from_secs(60);

const A_MILLION: usize = 1_000_000;

#[task]
fn nothing() {}

/// The measurements that exceeded the limit.
#[derive(Default)]
struct Figures(Vec<String>);

impl Figures {
    fn measure(&mut self, what: &str) {
        let mut least = Duration::MAX;
        for _ in 0..WINDOWS {
            let before = ProcessTime::now();
            // No event reports idleness, so the measurement has to let time pass.
            let (_silent, silence) = mpsc::channel::<()>();
            let _ = silence.recv_timeout(WINDOW);
            least = least.min(before.elapsed());
            if least <= LIMIT {
                break;
            }
        }
        println!("{what}: {:.1} ms of half a second", least.as_secs_f64() * 1e3);
        if least > LIMIT {
            self.0.push(format!("{what}: {least:?}"));
        }
    }
}

/// Creates a builder with the stores of a mix, each at its own location.
fn builder(mix: &[&TestStore], number: &mut usize) -> SchedulerBuilder<BackgroundScheduler> {
    let mut builder = BackgroundScheduler::builder().timezone("UTC").task(nothing);
    for (index, test_store) in mix.iter().enumerate() {
        *number += 1;
        let mut options = Options::new();
        if test_store.location().backend().location() != Location::Process {
            options = options.with("prefix", format!("idle{number}_"));
        }
        let alias = if index == 0 { "default".into() } else { format!("store{index}") };
        let (store, failpoint) =
            (test_store.location().store_with(options), FailpointControl(watch::Sender::new(None)));
        builder = builder.job_store(alias, Layered(FailpointLayer { store, failpoint }));
    }
    builder
}

/// Starts a scheduler and runs one job of each store.
fn started(builder: SchedulerBuilder<BackgroundScheduler>, stores: usize) -> BackgroundScheduler {
    let scheduler = builder.build().unwrap();
    let (executed, ends) = mpsc::channel();
    scheduler.add_listener(EventMask::JOB_EXECUTED, move |_| {
        let _ = executed.send(());
    });
    scheduler.start().unwrap();
    for index in 0..stores {
        let alias = if index == 0 { "default".into() } else { format!("store{index}") };
        let later = DateTrigger::at(Timestamp::MAX);
        scheduler.job(nothing()).id("later").trigger(later).job_store(&alias).add().unwrap();
        scheduler.job(nothing()).id("now").job_store(&alias).add().unwrap();
    }
    for _ in 0..stores {
        ends.recv_timeout(TIMEOUT).expect("the job of each store runs");
    }
    scheduler
}

fn mixes(test_stores: &[TestStore]) -> Vec<Vec<&TestStore>> {
    let mut mixes: Vec<Vec<&TestStore>> =
        test_stores.iter().map(|test_store| vec![test_store]).collect();
    for (index, one) in test_stores.iter().enumerate() {
        mixes.extend(test_stores[index..].iter().map(|other| vec![one, other]));
    }
    mixes.push(test_stores.iter().cycle().take(5).collect());
    mixes
}

#[test]
fn an_idle_scheduler_uses_no_processor_time() {
    let folder = tempfile::tempdir().unwrap();
    let test_store = |backend: &'static Backend| {
        let folder = folder.path().join(backend.id());
        std::fs::create_dir(&folder).unwrap();
        TestStore::new(backend, &folder)
    };
    let is_there = |backend: &&Backend| {
        let variable = format!("PUNCTUAL_TEST_{}_URL", backend.id().to_uppercase());
        let is_there = !backend.needs_given_server() || std::env::var_os(&variable).is_some();
        if !is_there {
            println!("{backend:?} is not measured: {variable} is not set");
        }
        is_there
    };
    let test_stores: Vec<TestStore> =
        Backend::all().iter().filter(is_there).map(test_store).collect();
    let (mut figures, mut number) = (Figures::default(), 0);
    for mix in mixes(&test_stores) {
        let words: Vec<_> =
            mix.iter().map(|test_store| test_store.location().backend().id()).collect();
        let words = words.join(" + ");
        let scheduler = started(builder(&mix, &mut number), mix.len());
        figures.measure(&words);
        scheduler.pause().unwrap();
        scheduler.job(nothing()).id("due").add().unwrap();
        figures.measure(&format!("{words}, paused"));
        scheduler.shutdown().unwrap();
    }
    measure_a_million_pending_jobs(&mut figures);

    let on_servers = test_stores
        .iter()
        .filter(|test_store| test_store.location().backend().location() == Location::Server);
    let mix: Vec<&TestStore> = on_servers.collect();
    let scheduler = started(builder(&mix, &mut number), mix.len());
    for test_store in &mix {
        test_store.server().expect("it is on one").down();
    }
    figures.measure("with every store unavailable");
    drop(scheduler);
    assert_eq!(figures.0, [""; 0], "too much processor time in half a second");
}

fn measure_a_million_pending_jobs(figures: &mut Figures) {
    let store = MemoryJobStore::new();
    let builder = BackgroundScheduler::builder().timezone("UTC").task(nothing);
    let scheduler = started(builder.job_store("default", store.clone()), 1);
    // All of them are copies of the pending job with other ids.
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let known =
            store.get(&JobId::new("later").unwrap()).await.unwrap().expect("the job exists").record;
        let record = |number: usize| NewRecord {
            id: JobId::new(number.to_string()).unwrap(),
            task: known.task.clone(),
            definition: known.definition.clone(),
            schedule: known.schedule,
        };
        store.add((0..A_MILLION).map(record).collect()).await.unwrap();
    });
    scheduler.wakeup();
    figures.measure("with a million pending jobs");
    scheduler.shutdown().unwrap();
}
