//! The process that tests start and kill: a scheduler on a shared store; see [`Role`].

use std::error::Error;
use std::io::stdin;

use punctual::prelude::*;
use punctual_tests::halt::{Halt, Halts};
use punctual_tests::journal::Journal;
use punctual_tests::role::{Gate, Role, add_endless_jobs, occur};
use punctual_tests::store::{self, Place};
use tokio::sync::watch;

fn main() -> Result<(), Box<dyn Error>> {
    let role = std::env::args().nth(1).ok_or("no role was given")?;
    let role: Role = serde_json::from_str(&role)?;
    if role.hogs {
        return hog(&role.place);
    }
    let gate = Gate { open: watch::Sender::new(!role.holds), longest: role.longest };
    let halts = Halts(watch::Sender::new(role.halts));
    let trouble =
        EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED | EventMask::LEASE_LOST;
    let mut builder = store::builder(&role.place, halts.clone())
        .listener(trouble, |event| match event {
            Event::JobStoreFailed { error, .. } => {
                eprintln!("{error}");
                println!("failed");
            }
            Event::LeaseLost(_) => println!("lost"),
            _ => println!("recovered"),
        })
        .lease(role.lease)
        .max_running(role.max_running)
        .state(Journal::open(&role.folder.join("journal"), &role.name))
        .state(gate.clone());
    if let Some(identity) = &role.identity {
        builder = builder.identity(identity);
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
            other => return Err(format!("not understood: {other}").into()),
        }
    }
    // Nothing is held any longer: every run comes to its end.
    gate.open.send_replace(true);
    scheduler.shutdown()?;
    Ok(())
}

/// One transaction that takes many seconds.
fn hog(place: &Place) -> Result<(), Box<dyn Error>> {
    let Place::Sqlite(file) = place;
    let store = SqliteJobStore::builder().file(file).table_prefix("hog_").build()?;
    let scheduler =
        BackgroundScheduler::builder().job_store("default", store).task(occur).build()?;
    scheduler.start_paused()?;
    let jobs: Result<Vec<_>, _> =
        (0..200_000).map(|number| NewJob::builder(occur()).id(number.to_string()).build()).collect();
    println!("ready");
    stdin().lines().next().ok_or("nobody said go")??;
    println!("writing");
    scheduler.add_jobs(jobs?)?;
    println!("written");
    Ok(())
}
