//! A single-threaded async program on tokio's `LocalSet`, whose jobs share values that are not `Send`.
//!
//! `cargo run --example loop_local_set`

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use punctual::prelude::*;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let scheduler = LocalScheduler::builder().build()?;
    let (jobs, future) = scheduler.attach_future()?;
    let requests = Rc::new(Cell::new(0));
    let enough = Rc::new(Notify::new());

    let (own, done) = (Rc::clone(&requests), Rc::clone(&enough));
    let poll = jobs.local_async_task(move |context| {
        let (requests, done) = (Rc::clone(&own), Rc::clone(&done));
        async move {
            // Timers and I/O are those of the runtime.
            tokio::time::interval(Duration::from_millis(10)).tick().await;
            requests.set(requests.get() + 1);
            println!("request {} for {}", requests.get(), context.scheduled_time());
            if requests.get() == 3 {
                done.notify_one();
            }
        }
    });

    LocalSet::new()
        .run_until(async {
            spawn_local(future);
            let scheduler = scheduler.to_async();
            scheduler.job(poll).id("poll").trigger(IntervalTrigger::seconds(1)).add().await?;
            enough.notified().await;
            scheduler.shutdown().await?;
            Ok(())
        })
        .await
}
