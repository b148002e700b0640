//! What the machine and the libraries need for single steps: bounds for what a scheduler that takes them can reach.

use std::error::Error;
use std::hint::black_box;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use super::Size;
use crate::measure::{now, quantile, wait, wall_clock};
use crate::report::Report;

/// The size of what is allocated: a small part of a job or a run.
const BLOCK: usize = 64;

/// How often two threads wake each other.
const WAKE_UPS: usize = 20_000;

/// The numbers of wake-ups per second whose lateness is measured.
const RATES: [u64; 2] = [100, 1_000];

/// Each step, repeated `size.jobs` times.
pub(super) fn measure(size: &Size) -> Result<Report, Box<dyn Error>> {
    let count = size.jobs;
    let mut report = Report::default()
        .with("allocation and release of 64 bytes, ns", nanos(count, allocate(count)))
        .with("lock and unlock, ns", nanos(count, lock(count)))
        .with("clock reading, ns", nanos(count, read_clock(count)))
        .with("tokio: task spawned and run, ns", nanos(count, spawn(count)?))
        .with("wake-up of a thread, ns", nanos(WAKE_UPS * 2, wake()?));
    for rate in RATES {
        let mut late = sleep(rate, size.seconds);
        late.sort_unstable();
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let micros = quantile(&late, share).as_secs_f64() * 1e6;
            report = report.with(&format!("sleep, {rate} per second: late by {name}, us"), micros);
        }
    }
    Ok(report)
}

fn nanos(count: usize, duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9 / count as f64
}

/// All blocks are alive at the same time, as are the jobs of a store.
fn allocate(count: usize) -> Duration {
    let mut blocks: Vec<Box<[u8; BLOCK]>> = Vec::with_capacity(count);
    let started = now();
    blocks.extend((0..count).map(|index| Box::new([index as u8; BLOCK])));
    drop(black_box(blocks));
    started.elapsed()
}

fn lock(count: usize) -> Duration {
    let locked = Mutex::new(0);
    let started = now();
    for _ in 0..count {
        *black_box(&locked).lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
    started.elapsed()
}

fn read_clock(count: usize) -> Duration {
    let started = now();
    for _ in 0..count {
        black_box(wall_clock());
    }
    started.elapsed()
}

/// On two threads, as an executor: from the first task until all have run.
fn spawn(count: usize) -> Result<Duration, Box<dyn Error>> {
    let runtime = Builder::new_multi_thread().worker_threads(2).build()?;
    let started = now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..count).map(|index| tokio::spawn(async move { index })).collect();
        for task in tasks {
            black_box(task.await?);
        }
        Ok::<_, tokio::task::JoinError>(())
    })?;
    Ok(started.elapsed())
}

/// Two threads that wait for each other.
fn wake() -> Result<Duration, Box<dyn Error>> {
    let (to_other, from_one) = channel();
    let (to_one, from_other) = channel();
    let other = thread::spawn(move || answer(&from_one, &to_one));
    let started = now();
    for _ in 0..WAKE_UPS {
        to_other.send(())?;
        from_other.recv()?;
    }
    let elapsed = started.elapsed();
    drop(to_other);
    other.join().map_err(|_| "the other thread panicked")?;
    Ok(elapsed)
}

fn answer(requests: &Receiver<()>, answers: &Sender<()>) {
    // Ends when the other side is dropped.
    while requests.recv().is_ok() && answers.send(()).is_ok() {}
}

/// How late a thread wakes that sleeps until each of these instants.
fn sleep(rate: u64, seconds: u64) -> Vec<Duration> {
    let interval = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
    let mut at: Instant = now();
    let mut late = Vec::new();
    for _ in 0..rate * seconds {
        at += interval;
        wait(at.saturating_duration_since(now()));
        late.push(now().saturating_duration_since(at));
    }
    late
}
