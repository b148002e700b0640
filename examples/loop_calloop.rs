//! Jobs in a calloop event loop. Unix only.
//!
//! `cargo run --example loop_calloop`

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use std::cell::Cell;

    use punctual::CalloopScheduler;
    use punctual::calloop::EventLoop;
    use punctual::prelude::*;

    let mut event_loop = EventLoop::<()>::try_new()?;
    let scheduler = CalloopScheduler::builder().build()?;
    let jobs = scheduler.attach(&event_loop.handle())?;

    let (signal, runs) = (event_loop.get_signal(), Cell::new(0));
    let tick = jobs.local_task(move |context| {
        runs.set(runs.get() + 1);
        println!("run {} for {}", runs.get(), context.scheduled_time());
        if runs.get() == 3 {
            signal.stop();
        }
    });
    scheduler.job(tick).id("tick").trigger(IntervalTrigger::seconds(1)).add()?;
    event_loop.run(None, &mut (), |()| {})?;
    jobs.shutdown()?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
