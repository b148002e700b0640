//! The process that tests start and kill: a scheduler on a shared SQLite file; see [`Role`].

use std::error::Error;
use std::io::stdin;

use punctual_tests::journal::Journal;
use punctual_tests::role::{Gate, Role, add_endless_jobs};
use punctual_tests::store;
use tokio::sync::watch;

fn main() -> Result<(), Box<dyn Error>> {
    let role = std::env::args().nth(1).ok_or("no role was given")?;
    let role: Role = serde_json::from_str(&role)?;
    let gate = Gate(watch::Sender::new(!role.holds));
    let mut builder = store::builder(&role.folder, role.halts)
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
            "release" => drop(gate.0.send_replace(true)),
            other => return Err(format!("not understood: {other}").into()),
        }
    }
    // Nothing is held any longer: every run comes to its end.
    gate.0.send_replace(true);
    scheduler.shutdown()?;
    Ok(())
}
