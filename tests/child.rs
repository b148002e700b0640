//! The child process that tests start and kill: a scheduler on a shared store; see [`WorkerConfig`].

use std::error::Error;
use std::io::stdin;
use std::time::Duration;

use punctual::core::{JobStore, NameError, NewRecord, TaskName};
use punctual::error_chain;
use punctual::prelude::*;
use punctual_tests::ends::{self, Ends};
use punctual_tests::halt::{Halt, Halts};
use punctual_tests::jobs::{Gate, add_endless_jobs};
use punctual_tests::journal::Journal;
use punctual_tests::role::{Role, WrongClock};
use punctual_tests::store::{self, Place};
use tokio::sync::watch;

fn main() -> Result<(), Box<dyn Error>> {
    let role = std::env::args().nth(1).ok_or("the configuration argument is missing")?;
    let role: Role = serde_json::from_str(&role)?;
    if role.hogs {
        return hog(&role.place);
    }
    let gate = Gate { open: watch::Sender::new(!role.holds), longest: role.longest };
    let halts = Halts(watch::Sender::new(role.halts));
    let trouble =
        EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED | EventMask::LEASE_LOST;
    let mut builder =
        store::builder_with(role.place.store_with(role.access.options()), halts.clone())
            .listener(trouble, |event| match event {
                Event::JobStoreFailed { error, .. } => println!("failed {}", error_chain(error)),
                Event::LeaseLost(_) => println!("lost"),
                _ => println!("recovered"),
            })
            .lease(role.lease)
            .clock(WrongClock { ahead: role.ahead })
            .max_running(role.max_running)
            .state(Journal::open(&role.folder.join("journal"), &role.name))
            .state(gate.clone());
    if let Some(identity) = &role.identity {
        builder = builder.identity(identity);
    }
    if let Some(interval) = role.retry_interval {
        builder = builder.retry_interval(interval);
    }
    if let Some(threads) = role.threads {
        builder = builder.executor("default", ThreadPoolExecutor::new(threads));
    }
    if role.notes_ends {
        let ends = Ends::open(&role.folder.join("ends"), &role.name);
        builder = builder.listener(ends::of_runs(), move |event| ends.note(event));
    }
    let scheduler = builder.build()?;
    scheduler.start_paused()?;
    if role.adds_jobs {
        add_endless_jobs(&scheduler)?;
    }
    println!("ready");
    for line in stdin().lines() {
        match line?.as_str() {
            "go" => scheduler.resume()?,
            "release" => drop(gate.open.send_replace(true)),
            "halt" => drop(halts.0.send_replace(Some(Halt::Renewed))),
            "on" => drop(halts.0.send_replace(None)),
            other => return Err(format!("unknown command: {other}").into()),
        }
    }
    // Releases the runs that wait for `release`, so that every run finishes.
    gate.open.send_replace(true);
    scheduler.shutdown()?;
    Ok(())
}

/// Holds the write lock for many seconds: adds 300,000 jobs in one transaction.
fn hog(place: &Place) -> Result<(), Box<dyn Error>> {
    let Some(file) = place.file() else {
        return Err("write_load_only needs a store in a file".into());
    };
    let store = SqliteJobStore::builder().file(file).table_prefix("hog_");
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
