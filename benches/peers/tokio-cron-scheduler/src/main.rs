//! tokio-cron-scheduler's rows of `scripts/bench peers`.
//!
//!   punctual-bench-tokio-cron-scheduler <row> <number>
//!
//! Settings: channels that are large enough for all jobs, because jobs are lost if they overflow. It looks for due jobs
//! every 500 ms, so that it is not measured how late single jobs are.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "measures time, waits for schedulers, and prints the figures"
)]

use std::error::Error;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::time::sleep;
use tokio_cron_scheduler::{Job, JobScheduler};

/// The number of seconds in which fires are measured; the first is not counted.
const SECONDS: usize = 10;
/// The number of jobs that are added and run beside others.
const BESIDE: usize = 5_000;
const WEEK: Duration = Duration::from_secs(7 * 86_400);

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let mut args = std::env::args().skip(1);
    let (Some(row), Some(number)) = (args.next(), args.next()) else {
        return Err("usage: punctual-bench-tokio-cron-scheduler <row> <number>".into());
    };
    let number: usize = number.parse()?;
    let scheduler = JobScheduler::new_with_channel_size((number + BESIDE) * 4).await?;
    match &*row {
        "add" => add(&scheduler, number).await,
        "bytes" => bytes(&scheduler, number).await,
        "dispatch" => run_due(&scheduler, number, "dispatch").await,
        "beside" => beside(&scheduler, number).await,
        "idle" => idle(&scheduler, number).await,
        "full-second" => full_second(&scheduler, number).await,
        other => Err(format!("there is no row {other}").into()),
    }
}

async fn add(scheduler: &JobScheduler, jobs: usize) -> Outcome {
    scheduler.start().await?;
    add_later(scheduler, 1_000).await?;
    let begin = Instant::now();
    add_later(scheduler, jobs).await?;
    print("add", jobs as f64 / begin.elapsed().as_secs_f64(), "jobs/s", [0, 0]);
    Ok(())
}

async fn bytes(scheduler: &JobScheduler, jobs: usize) -> Outcome {
    scheduler.start().await?;
    add_later(scheduler, 100).await?;
    let before = resident()?;
    add_later(scheduler, jobs).await?;
    sleep(Duration::from_secs(1)).await;
    print("bytes", (resident()? - before) as f64 / jobs as f64, "B/job", [0, 0]);
    Ok(())
}

async fn add_later(scheduler: &JobScheduler, jobs: usize) -> Outcome {
    for _ in 0..jobs {
        scheduler.add(Job::new_one_shot_async(WEEK, |_, _| Box::pin(async {}))?).await?;
    }
    Ok(())
}

/// Adding and running jobs beside many that are not due.
async fn beside(scheduler: &JobScheduler, stored: usize) -> Outcome {
    add_later(scheduler, stored).await?;
    let begin = Instant::now();
    add_later(scheduler, BESIDE).await?;
    let rate = BESIDE as f64 / begin.elapsed().as_secs_f64();
    print(&format!("add-beside-{stored}"), rate, "jobs/s", [0, 0]);
    run_due(scheduler, BESIDE, &format!("run-beside-{stored}")).await
}

/// A scheduler with jobs for next week; the caller measures it, and ends it by closing its standard input.
async fn idle(scheduler: &JobScheduler, jobs: usize) -> Outcome {
    scheduler.start().await?;
    add_later(scheduler, jobs).await?;
    sleep(Duration::from_secs(2)).await;
    println!("ready");
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await??;
    Ok(())
}

/// Jobs that are in the scheduler and due before it is started.
async fn run_due(scheduler: &JobScheduler, jobs: usize, row: &str) -> Outcome {
    let runs: Arc<Vec<AtomicU32>> = Arc::new((0..jobs).map(|_| AtomicU32::new(0)).collect());
    let total = Arc::new(AtomicUsize::new(0));
    for number in 0..jobs {
        let (runs, total) = (Arc::clone(&runs), Arc::clone(&total));
        let job = Job::new_one_shot_async(Duration::ZERO, move |_, _| {
            let (runs, total) = (Arc::clone(&runs), Arc::clone(&total));
            Box::pin(async move {
                runs[number].fetch_add(1, Relaxed);
                total.fetch_add(1, Relaxed);
            })
        })?;
        scheduler.add(job).await?;
    }
    sleep(Duration::from_secs(2)).await;
    let begin = Instant::now();
    scheduler.start().await?;
    while total.load(Relaxed) < jobs && begin.elapsed() < Duration::from_secs(30) {
        sleep(Duration::from_millis(1)).await;
    }
    let time = begin.elapsed();
    sleep(Duration::from_secs(1)).await;
    let lost = runs.iter().filter(|runs| runs.load(Relaxed) == 0).count();
    let twice = runs.iter().filter(|runs| runs.load(Relaxed) > 1).count();
    let rate = (jobs - lost) as f64 / time.as_secs_f64();
    print(row, rate, "jobs/s", [lost, twice]);
    Ok(())
}

/// Jobs that all fire at each full second.
async fn full_second(scheduler: &JobScheduler, jobs: usize) -> Outcome {
    let first = Arc::new(AtomicI64::new(i64::MAX));
    let cells = jobs * SECONDS;
    // The fires of each job in each second, and how late the last of each second was, in microseconds.
    let fires: Arc<Vec<AtomicU32>> = Arc::new((0..cells).map(|_| AtomicU32::new(0)).collect());
    let last: Arc<Vec<AtomicI64>> = Arc::new((0..SECONDS).map(|_| AtomicI64::new(0)).collect());
    for number in 0..jobs {
        let (first, fires, last) = (Arc::clone(&first), Arc::clone(&fires), Arc::clone(&last));
        let job = Job::new_async("* * * * * *", move |_, _| {
            let (first, fires, last) = (Arc::clone(&first), Arc::clone(&fires), Arc::clone(&last));
            Box::pin(async move {
                let since = Utc::now().timestamp_micros().saturating_sub(first.load(Relaxed));
                // The second that it belongs to: it is never early.
                let second = since.div_euclid(1_000_000);
                if let Ok(second) = usize::try_from(second)
                    && second < SECONDS
                {
                    fires[number * SECONDS + second].fetch_add(1, Relaxed);
                    last[second].fetch_max(since - second as i64 * 1_000_000, Relaxed);
                }
            })
        })?;
        scheduler.add(job).await?;
    }
    let start = Utc::now().timestamp() + 3;
    first.store(start * 1_000_000, Relaxed);
    scheduler.start().await?;
    let end = (start + SECONDS as i64) * 1_000_000 + 500_000 - Utc::now().timestamp_micros();
    sleep(Duration::from_micros(end.unsigned_abs())).await;
    let measured = |wanted: fn(u32) -> bool| {
        let measured = (0..cells).filter(|cell| cell % SECONDS != 0);
        measured.filter(|&cell| wanted(fires[cell].load(Relaxed))).count()
    };
    let (lost, twice) = (measured(|fires| fires == 0), measured(|fires| fires > 1));
    let mut lasts: Vec<_> = last[1..].iter().map(|last| last.load(Relaxed)).collect();
    lasts.sort_unstable();
    print("full-second-last", lasts[lasts.len() / 2] as f64 / 1_000.0, "ms", [lost, twice]);
    Ok(())
}

/// The resident memory of this process, in bytes.
fn resident() -> Result<i64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .ok_or("no VmRSS in /proc/self/status")?;
    Ok(kilobytes.parse::<i64>()? * 1_024)
}

fn print(row: &str, value: f64, unit: &str, [lost, twice]: [usize; 2]) {
    let line = serde_json::json!({
        "row": row, "value": value, "unit": unit, "lost": lost, "twice": twice
    });
    println!("{line}");
}
