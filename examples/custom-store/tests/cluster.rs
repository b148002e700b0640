//! Processes that share a directory and are killed at random times: no fire time of a job with `Recovery::Skip` runs
//! twice, each fire time of a job with `Recovery::Rerun` finishes, and its attempt numbers increase.
//!
//! The processes are instances of this program, started with an argument.

#![allow(clippy::print_stdout, reason = "prints the random seed")]

use std::collections::HashMap;
use std::error::Error;
use std::fs::{self, File};
use std::future::pending;
use std::io::{Write, read_to_string, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use punctual::prelude::*;
use punctual_custom_store::FolderJobStore;
use tokio::time::timeout;

const PROCESSES: usize = 3;
const KILLS: usize = 25;
const JOBS: usize = 8;
const FIRES_PER_JOB: usize = 40;
const PERIOD: Duration = Duration::from_millis(200);
/// The duration of a lease: runs of a killed process are taken over after this time.
const LEASE: Duration = Duration::from_secs(2);
/// How long the remaining runs may take after the last kill, also on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(240);

/// The first argument of a process that runs jobs; the second is the directory.
const CHILD: &str = "run-jobs";
/// The same for a process whose runs don't finish, so that it is certainly killed during runs.
const HANGING_CHILD: &str = "run-jobs-and-hang";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.get(1).map(String::as_str) {
        Some(CHILD) => runtime.block_on(run_jobs(Path::new(&arguments[2]), false)),
        Some(HANGING_CHILD) => runtime.block_on(run_jobs(Path::new(&arguments[2]), true)),
        _ => runtime.block_on(kill_and_check()),
    }
}

struct Journal {
    file: File,
    /// In a process whose runs don't finish: the file that is created when a run that can be repeated has started.
    hung: Option<PathBuf>,
}

/// Writes one line to the journal when it starts and one when it finishes. Each line is written atomically.
#[task]
async fn journaled_run(context: JobContext) {
    let journal = context.app_data::<Journal>().expect("a journal");
    let note = |mark: &str| {
        let (job, time) = (context.job_id(), context.scheduled_time().as_micros());
        let line = format!("{mark} {job} {time} {}\n", context.attempt());
        (&journal.file).write_all(line.as_bytes()).expect("writing the journal");
    };
    note("begin");
    if let Some(hung) = &journal.hung {
        if context.job_id().as_str().starts_with("rerun") {
            File::create(hung).expect("creating a file");
        }
        pending::<()>().await;
    }
    // Some runs are killed during this delay.
    let _ = timeout(PERIOD / 4, pending::<()>()).await;
    note("end");
}

/// The file that a process creates whose runs don't finish.
fn hung_file(folder: &Path) -> PathBuf {
    folder.join("hung")
}

fn scheduler(folder: &Path, hangs: bool) -> Result<AsyncScheduler, Box<dyn Error>> {
    let file = File::options().create(true).append(true).open(folder.join("journal"))?;
    let journal = Journal { file, hung: hangs.then(|| hung_file(folder)) };
    // Processes are killed, but the machine keeps running, so no sync is needed.
    let store = FolderJobStore::open_without_sync(folder.join("jobs"));
    Ok(AsyncScheduler::builder()
        .job_store("default", store)
        .lease(LEASE)
        .task(journaled_run)
        .app_data(journal)
        .build()?)
}

/// The main function of a child process, which runs until its input is closed.
async fn run_jobs(folder: &Path, hangs: bool) -> Result<(), Box<dyn Error>> {
    let scheduler = scheduler(folder, hangs)?;
    scheduler.start().await?;
    tokio::task::spawn_blocking(|| read_to_string(stdin())).await??;
    scheduler.shutdown().await?;
    Ok(())
}

async fn kill_and_check() -> Result<(), Box<dyn Error>> {
    let seed = std::env::var("PUNCTUAL_SEED").map_or(Ok(fastrand::u64(..)), |seed| seed.parse())?;
    println!("PUNCTUAL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir()?;
    let start = |kind: &str| {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(kind).arg(folder.path()).stdin(Stdio::piped()).spawn()
    };
    let controller = scheduler(folder.path(), false)?;
    controller.start_paused().await?;
    controller
        .add_jobs((0..JOBS).map(|number| {
            let trigger = IntervalTrigger::every(PERIOD).max_runs(FIRES_PER_JOB as u64);
            let (name, recovery) = match number % 2 {
                0 => ("skip", Recovery::Skip),
                _ => ("rerun", Recovery::Rerun),
            };
            NewJob::builder(journaled_run())
                .id(format!("{name}-{number}"))
                .trigger(trigger)
                .coalesce(Coalesce::All)
                .max_instances(4)
                .recovery(recovery)
                .build()
        }))
        .await?;

    let mut hanging = start(HANGING_CHILD)?;
    let has_hung = async {
        while !hung_file(folder.path()).exists() {
            let _ = timeout(PERIOD / 10, pending::<()>()).await;
        }
    };
    timeout(WAIT_TIMEOUT, has_hung).await.expect("a run that can be repeated starts");
    hanging.kill()?;
    hanging.wait()?;

    let mut children = Vec::new();
    for _ in 0..PROCESSES {
        children.push(start(CHILD)?);
    }
    for _ in 0..KILLS {
        let moment = Duration::from_micros(random.u64(0..600_000));
        let _ = timeout(moment, pending::<()>()).await;
        let child: &mut Child = &mut children[random.usize(..PROCESSES)];
        child.kill()?;
        child.wait()?;
        *child = start(CHILD)?;
    }
    // A job is removed when its last run is cleared.
    let all_done = async {
        while !controller.get_jobs(JobQuery::new()).await?.is_empty() {
            let _ = timeout(PERIOD, pending::<()>()).await;
        }
        Ok::<_, SchedulerError>(())
    };
    timeout(WAIT_TIMEOUT, all_done).await.expect("all jobs finish")?;
    for mut child in children {
        drop(child.stdin.take());
        assert!(child.wait()?.success());
    }
    controller.shutdown().await?;
    check(&fs::read_to_string(folder.path().join("journal"))?);
    Ok(())
}

fn check(journal: &str) {
    let mut started: HashMap<(&str, &str), Vec<u32>> = HashMap::new();
    let mut finished: HashMap<&str, HashMap<&str, usize>> = HashMap::new();
    for line in journal.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [mark, job, time, attempt] = words[..] else { panic!("{line:?}") };
        let attempt = attempt.parse().expect("a number");
        match mark {
            "begin" => started.entry((job, time)).or_default().push(attempt),
            _ => *finished.entry(job).or_default().entry(time).or_default() += 1,
        }
    }
    let mut reruns = 0;
    for ((job, time), attempts) in &started {
        assert!(attempts.is_sorted_by(|a, b| a < b), "{job} at {time}: attempts {attempts:?}");
        assert!(
            attempts.len() == 1 || !job.starts_with("skip"),
            "{job} at {time} was started twice"
        );
        reruns += attempts.len() - 1;
    }
    for number in (1..JOBS).step_by(2) {
        let job = format!("rerun-{number}");
        assert_eq!(finished[&*job].len(), FIRES_PER_JOB, "{job}: {:?}", finished[&*job]);
    }
    println!(
        "{} fire times were started, {reruns} runs of killed processes were repeated",
        started.len()
    );
    assert!(reruns > 0, "the runs of the hanging process are repeated");
}
