//! The lateness of runs on an idle loop, and the processor time of a loop without runs: `cargo bench -p punctual-loops`.

use std::cell::RefCell;
use std::io::{Write, stdout};
use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual_core::Timestamp;
use punctual_executor_loop::LoopBudget;
use punctual_loops::LocalScheduler;
use punctual_triggers::DateTrigger;

/// The number of runs, and the time between two.
const RUNS: u32 = 1_000;
const DISTANCE: Duration = Duration::from_millis(7);
const IDLE: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
    let (sender, messages) = channel();
    let jobs = scheduler.attach(move || sender.send(()).unwrap_or_default())?;

    let lateness = Rc::new(RefCell::new(Vec::new()));
    let begin = now().saturating_add(Duration::from_secs(1));
    for number in 0..RUNS {
        let own = Rc::clone(&lateness);
        let task = jobs.local_task(move |context| {
            own.borrow_mut().push(now().saturating_since(context.scheduled_time()));
        });
        let at = begin.saturating_add(DISTANCE * number);
        scheduler.job(task).trigger(DateTrigger::at(at)).add()?;
    }
    while lateness.borrow().len() < RUNS as usize {
        messages.recv()?;
        jobs.run_ready(LoopBudget::default());
    }
    // The removal of the last job.
    while messages.recv_timeout(Duration::from_millis(100)) != Err(RecvTimeoutError::Timeout) {
        jobs.run_ready(LoopBudget::default());
    }

    let (before, mut wakes) = (ProcessTime::now(), 0);
    let end = now().saturating_add(IDLE);
    while messages.recv_timeout(end.saturating_since(now())).is_ok() {
        wakes += 1;
    }
    let idle = before.elapsed();
    jobs.shutdown()?;

    let mut lateness = lateness.take();
    lateness.sort();
    let percentile = |percent: usize| lateness[(lateness.len() - 1) * percent / 100];
    writeln!(
        stdout(),
        "lateness of {RUNS} runs: p50 {:?}, p99 {:?}, max {:?}; idle for {IDLE:?}: {wakes} wake-ups, {idle:?} of \
         processor time",
        percentile(50),
        percentile(99),
        percentile(100)
    )?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures the lateness of runs")]
fn now() -> Timestamp {
    Timestamp::now()
}
