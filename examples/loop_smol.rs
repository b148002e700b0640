//! A program on smol: jobs on its thread, with its timers, and the scheduler's methods awaited there.
//!
//! `cargo run --example loop_smol`

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use punctual::prelude::*;
use smol::{LocalExecutor, Timer, channel};

fn main() -> anyhow::Result<()> {
    let scheduler = LocalScheduler::builder().build()?;
    let (jobs, future) = scheduler.attach_future()?;
    let executor = LocalExecutor::new();
    executor.spawn(future).detach();

    let (sender, done) = channel::bounded(1);
    let count = Rc::new(Cell::new(0));
    let count_up = jobs.local_async_task(move |_| {
        let (count, sender) = (Rc::clone(&count), sender.clone());
        async move {
            Timer::after(Duration::from_millis(10)).await;
            count.set(count.get() + 1);
            println!("run {}", count.get());
            if count.get() == 3 {
                let _ = sender.try_send(());
            }
        }
    });
    smol::block_on(executor.run(async {
        let scheduler = scheduler.to_async();
        scheduler.job(count_up).id("count").trigger(IntervalTrigger::seconds(1)).add().await?;
        done.recv().await?;
        scheduler.shutdown().await?;
        Ok(())
    }))
}
