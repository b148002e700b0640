//! A window that shows its jobs as they run. They run on its thread, and change its table.
//!
//! `cargo run -p punctual-qt-window --features qt`; it needs the library Qt 6 or 5 (Debian: `qt6-base-dev`).
//! `--for SECONDS` closes the window, and `--load N` adds N jobs, each of which runs once a second.

mod window;

use std::cell::Cell;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{AttachedLoop, LocalTask, QtScheduler};
use window::Window;

fn main() -> anyhow::Result<()> {
    let window = Rc::new(Window::new());
    let scheduler =
        QtScheduler::builder().executor("threads", ThreadPoolExecutor::new(1)).build()?;
    let jobs = scheduler.attach()?;

    for (row, (id, every)) in [("mail", 2), ("backup", 5), ("clock", 1)].into_iter().enumerate() {
        let task = count_runs(&jobs, &window, row, id);
        scheduler.job(task).id(id).trigger(IntervalTrigger::seconds(every)).add()?;
    }
    // A long computation runs elsewhere. Its result is shown here.
    let (row, runs) = (3, Cell::new(0));
    let own = Rc::clone(&window);
    own.set_cell(row, 0, "primes");
    jobs.add_listener(EventMask::JOB_EXECUTED, move |event| {
        if let Event::JobExecuted(run) = event
            && run.job.job_id.as_str() == "primes"
            && let Some(value) = run.outcome.as_ref().and_then(RunOutcome::value)
        {
            runs.set(runs.get() + 1);
            own.set_cell(row, 1, &runs.get().to_string());
            own.set_cell(row, 2, &format!("{value} primes"));
        }
    });
    let every = IntervalTrigger::seconds(3);
    scheduler
        .job(|| count_primes(200_000))
        .id("primes")
        .executor("threads")
        .trigger(every)
        .add()?;

    let load: u32 = option("--load")?.unwrap_or(0);
    if load > 0 {
        let total = Rc::new(Cell::new(0));
        window.set_cell(4, 0, &format!("{load} jobs a second"));
        for number in 0..load {
            let (own, total) = (Rc::clone(&window), Rc::clone(&total));
            let task = jobs.local_task(move |_| {
                total.set(total.get() + 1);
                own.set_cell(4, 1, &total.get().to_string());
            });
            let first = SystemClock.now().saturating_add(Duration::from_secs(1) * number / load);
            let every = IntervalTrigger::seconds(1).start_date(first);
            scheduler.job(task).id(format!("load {number}")).trigger(every).add()?;
        }
    }

    window.exec(option("--for")?.map(Duration::from_secs));
    jobs.shutdown()?;
    let (ticks, worst) = window.ticks();
    println!("{ticks} ticks of 16 ms, at most {worst:.1?} late");
    Ok(())
}

/// Creates a task that shows the number of its runs in a row of the table.
fn count_runs(jobs: &AttachedLoop, window: &Rc<Window>, row: usize, id: &str) -> LocalTask {
    let (own, row, runs) = (Rc::clone(window), row.try_into().unwrap_or_default(), Cell::new(0));
    own.set_cell(row, 0, id);
    // Of the machine, or if that is unknown, UTC.
    let zone = Zone::local().unwrap_or_else(|_| Zone::utc());
    jobs.local_task(move |context| {
        runs.set(runs.get() + 1);
        own.set_cell(row, 1, &runs.get().to_string());
        let time = context.scheduled_time().in_zone(&zone);
        own.set_cell(row, 2, &time.format("%H:%M:%S").to_string());
    })
}

fn count_primes(limit: u32) -> usize {
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2..limit).filter(is_prime).count()
}

/// Returns the value of a command line option.
fn option<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    name: &str,
) -> anyhow::Result<Option<T>> {
    let value = std::env::args().skip_while(|argument| argument != name).nth(1);
    Ok(value.map(|value| value.parse()).transpose()?)
}
