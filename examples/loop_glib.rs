//! Jobs in GLib's main loop, as in programs with GTK.
//!
//! `cargo run --features loop-glib --example loop_glib`; it needs the library GLib (Debian: `libglib2.0-dev`).

use std::cell::Cell;

use punctual::GlibScheduler;
use punctual::glib::{MainContext, MainLoop};
use punctual::prelude::*;

fn main() -> anyhow::Result<()> {
    // That of the main thread, which GTK's `Application::run` runs.
    let main_loop = MainLoop::new(None, false);
    let scheduler = GlibScheduler::builder().build()?;
    let jobs = scheduler.attach(&MainContext::default())?;

    let (quit, runs) = (main_loop.clone(), Cell::new(0));
    let tick = jobs.local_task(move |context| {
        // Here, a program changes its widgets.
        runs.set(runs.get() + 1);
        println!("run {} for {}", runs.get(), context.scheduled_time());
        if runs.get() == 3 {
            quit.quit();
        }
    });
    scheduler.job(tick).id("tick").trigger(IntervalTrigger::seconds(1)).add()?;
    main_loop.run();
    jobs.shutdown()?;
    Ok(())
}
