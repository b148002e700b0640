//! The actions of users on jobs.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Call, Jitter, JobId, Recovery, RetryPolicy, error_chain};
use punctual_scheduler::{JobChange, JobQuery, SchedulerError};
use punctual_triggers::{IntervalTrigger, IntervalTriggerBuilder};

use crate::process::Process;
use crate::script::{Job, Script, UserAction};
use crate::simulation::Simulation;
use crate::time::at;
use crate::work::Work;

fn millis(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

fn trigger(every: u32, first: u32) -> IntervalTriggerBuilder {
    IntervalTrigger::every(millis(every)).start_date(at(first))
}

pub(crate) async fn perform(
    simulation: &Arc<Simulation>,
    process: &Process,
    job: usize,
    what: &UserAction,
) {
    let name = Script::job_name(job);
    let scheduler = process.scheduler();
    if !scheduler.is_running() {
        // Jobs that are pending before a start are not simulated: see the decision record.
        return;
    }
    let done = match what {
        UserAction::Add { job, replace, paused } => {
            add(process, &name, job, *replace, *paused).await
        }
        UserAction::Remove => scheduler.remove_job(name.as_str()).await,
        UserAction::Pause => scheduler.pause_job(name.as_str()).await.map(drop),
        UserAction::Resume => scheduler.resume_job(name.as_str()).await.map(drop),
        UserAction::RunNow => run_now(simulation, process, &name).await,
        UserAction::MakeDue => scheduler.make_job_due(name.as_str()).await.map(drop),
        UserAction::RetryDeadLetters => retry_dead_letters(process, &name).await,
        UserAction::Reschedule { every, first } => {
            scheduler.reschedule_job(name.as_str(), trigger(*every, *first)).await.map(drop)
        }
        UserAction::Modify { grace, max_instances, coalesce } => {
            let change = JobChange::new()
                .misfire_grace_time(grace.map(millis))
                .max_instances(*max_instances)
                .coalesce(*coalesce);
            scheduler.modify_job(name.as_str(), change).await.map(drop)
        }
    };
    simulation.trace_process(process, || match done {
        Ok(()) => format!("user action on {name}: {what:?}"),
        Err(error) => format!("user action on {name} failed: {what:?}: {}", error_chain(&error)),
    });
}

async fn add(
    process: &Process,
    name: &str,
    job: &Job,
    replace: bool,
    paused: bool,
) -> Result<(), SchedulerError> {
    let mut trigger = trigger(job.every, job.first);
    if job.jitter > 0 {
        trigger = trigger.jitter(Jitter::OneSided(millis(job.jitter)));
    }
    if let Some(max) = job.max_runs {
        trigger = trigger.max_runs(max.into());
    }
    let succeeds_at = match job.retry {
        Some(retry) => retry.succeeds_at,
        None if job.fails => u32::MAX,
        None => 0,
    };
    let recovery = if job.rerun { Recovery::Rerun } else { Recovery::Skip };
    let mut builder = process
        .scheduler()
        .job(Call::<Work>::new((job.takes, succeeds_at)))
        .id(name)
        .trigger(trigger)
        .misfire_grace_time(job.grace.map(millis))
        .coalesce(job.coalesce)
        .max_instances(job.max_instances)
        .recovery(recovery)
        .replace_existing(replace);
    if let Some(retry) = job.retry {
        let policy = RetryPolicy::fixed(millis(retry.delay));
        builder = builder.retry(policy.max_attempts(retry.max_attempts));
    }
    if paused {
        builder = builder.paused();
    }
    builder.add().await.map(drop)
}

async fn retry_dead_letters(process: &Process, name: &str) -> Result<(), SchedulerError> {
    let scheduler = process.scheduler();
    let letters = JobQuery::new().retries_of(name).dead_letters();
    for letter in scheduler.get_jobs(letters).await? {
        scheduler.retry_dead_letter(&letter).await?;
    }
    Ok(())
}

async fn run_now(
    simulation: &Arc<Simulation>,
    process: &Process,
    name: &str,
) -> Result<(), SchedulerError> {
    let id = JobId::new(name).expect("a name");
    let wait = |waits: bool| {
        simulation.check(process, |check, _| {
            check.run_now(process.number, &id, waits);
            Ok(())
        });
    };
    wait(true);
    let started = process.scheduler().run_job_now(name).await;
    wait(false);
    started.map(drop)
}
