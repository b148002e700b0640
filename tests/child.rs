//! The child process that tests start and kill: a scheduler on a shared store; see [`WorkerConfig`].

use std::error::Error;
use std::io::stdin;
use std::time::Duration;

use punctual::core::NewRecord;
use punctual::prelude::*;
use punctual::{JobStore, NameError, TaskName, error_chain};
use punctual_tests::completions::{self, CompletionLog};
use punctual_tests::failpoint::{Failpoint, FailpointControl};
use punctual_tests::jobs::{RunGate, add_endless_jobs};
use punctual_tests::journal::Journal;
use punctual_tests::store::{self, StoreLocation};
use punctual_tests::worker_config::{OffsetClock, WorkerConfig};
use tokio::sync::watch;

/// The limit of the time for which the store may be unavailable at the start; long, since the machine may be busy.
const START_TIMEOUT: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let config = std::env::args().nth(1).ok_or("the configuration argument is missing")?;
    let config: WorkerConfig = serde_json::from_str(&config)?;
    if config.write_load_only {
        return hold_write_lock(&config.location);
    }
    let gate = RunGate {
        open: watch::Sender::new(!config.hold_runs),
        max_run_duration: config.max_run_duration,
    };
    let failpoint = FailpointControl(watch::Sender::new(config.failpoint));
    let trouble =
        EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED | EventMask::LEASE_LOST;
    let mut builder = store::builder_with(
        config.location.store_with(config.server_options.options(config.location.backend())),
        failpoint.clone(),
    )
    .listener(trouble, |event| match event {
        Event::JobStoreFailed { error, .. } => println!("failed {}", error_chain(error)),
        Event::LeaseLost(_) => println!("lost"),
        _ => println!("recovered"),
    })
    .lease(config.lease)
    .clock(OffsetClock { seconds: config.clock_offset_seconds })
    .max_concurrent_runs(config.max_concurrent_runs)
    .app_data(Journal::open(&config.folder.join("journal"), &config.name))
    .app_data(gate.clone());
    if let Some(identity) = &config.identity {
        builder = builder.node_id(identity);
    }
    if let Some(interval) = config.max_retry_delay {
        builder = builder.max_retry_delay(interval);
    }
    if let Some(threads) = config.pool_threads {
        builder = builder.executor("default", ThreadPoolExecutor::new(threads));
    }
    if config.log_completions {
        let log = CompletionLog::open(&config.folder.join("ends"), &config.name);
        builder = builder.listener(completions::event_mask(), move |event| log.append(event));
    }
    let scheduler = builder.build()?;
    start_paused(&scheduler)?;
    if config.adds_jobs {
        add_endless_jobs(&scheduler)?;
    }
    println!("ready");
    for line in stdin().lines() {
        match line?.as_str() {
            "go" => scheduler.resume()?,
            "release" => drop(gate.open.send_replace(true)),
            "halt" => drop(failpoint.0.send_replace(Some(Failpoint::Renewed))),
            "on" => drop(failpoint.0.send_replace(None)),
            other => return Err(format!("unknown command: {other}").into()),
        }
    }
    // Releases the runs that wait for `release`, so that every run finishes.
    gate.open.send_replace(true);
    scheduler.shutdown()?;
    Ok(())
}

/// Starts the scheduler. A busy server may exceed the short timeouts of some tests; the start is then repeated.
fn start_paused(scheduler: &BackgroundScheduler) -> Result<(), SchedulerError> {
    let began = SystemClock.now();
    loop {
        match scheduler.start_paused() {
            Err(error)
                if error.is_retryable()
                    && SystemClock.now().saturating_since(began) < START_TIMEOUT => {}
            result => return result,
        }
    }
}

/// Holds the write lock for many seconds: adds 300,000 jobs in one transaction.
fn hold_write_lock(location: &StoreLocation) -> Result<(), Box<dyn Error>> {
    let Some(file) = location.file() else {
        return Err("write_load_only needs a store in a file".into());
    };
    let store = SqliteJobStore::builder().file(file).table_prefix("load_");
    // The timeout is long because the other processes may hold the lock.
    let store = store.busy_timeout(Duration::from_secs(120)).build()?;
    let records = (0..300_000).map(|number| {
        Ok(NewRecord {
            id: JobId::new(number.to_string())?,
            task: TaskName::new("none")?,
            definition: Vec::new().into(),
            schedule: None,
        })
    });
    let records = records.collect::<Result<_, NameError>>()?;
    tokio::runtime::Runtime::new()?.block_on(async {
        store.start().await?;
        println!("writing");
        store.add(records).await?;
        println!("written");
        Ok(())
    })
}
