//! Mistakes that are errors at once: in `add`, also before the start, in `modify`, and after the shutdown.

use std::time::Duration;

use punctual_core::{
    BoxFuture, Executor, ExecutorError, Refused, Run, TaskName, Timestamp, error_chain,
};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    BackgroundScheduler, HistoryQuery, JobChange, JobQuery, JobState, SchedulerBuilder,
    SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{CronTrigger, IntervalTrigger};

use crate::common::note;

/// An executor for the task `note` only.
struct NoteExecutor;

impl Executor for NoteExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    fn check_task(&self, task: &TaskName) -> Result<(), ExecutorError> {
        match task.as_str() {
            "note" => Ok(()),
            _ => Err(ExecutorError::Unsupported("it is not a note")),
        }
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        Err(Refused::new(run, ExecutorError::NotRunning))
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

fn builder() -> SchedulerBuilder<BackgroundScheduler> {
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", MemoryJobStore::new())
        .job_store("other", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .executor("notes", NoteExecutor)
}

/// Calls `test` with a scheduler that is not started yet, and with a started one.
fn before_and_after_the_start(test: impl Fn(&BackgroundScheduler)) {
    let pending = builder().build().unwrap();
    test(&pending);
    pending.remove_all_jobs().unwrap();
    let started = builder().start().unwrap();
    test(&started);
    started.shutdown().unwrap();
}

#[test]
fn an_unknown_executor_or_store_is_an_error() {
    before_and_after_the_start(|scheduler| {
        let job = || scheduler.job(note("a".into())).id("a").paused();
        let error = job().executor("note").add().unwrap_err();
        assert_eq!(
            error.to_string(),
            "this scheduler has no executor with the alias \"note\", which job \"a\" uses; did you mean \"notes\"?; \
             known aliases: default, notes"
        );
        let error = job().job_store("defualt").add().unwrap_err();
        assert_eq!(
            error.to_string(),
            "this scheduler has no job store with the alias \"defualt\", which job \"a\" uses; did you mean \
             \"default\"?; known aliases: default, other"
        );
        job().add().unwrap();
        let error = scheduler.modify_job("a", JobChange::new().executor("nope")).unwrap_err();
        assert!(matches!(error, SchedulerError::UnknownExecutor { .. }), "{error}");
        assert_eq!(scheduler.get_jobs(JobQuery::new()).unwrap().len(), 1);
    });
}

#[test]
fn a_task_that_the_executor_can_not_run_is_an_error() {
    before_and_after_the_start(|scheduler| {
        let error = scheduler.job(|| ()).executor("notes").add().unwrap_err();
        let text = error_chain(&error).to_string();
        assert!(text.starts_with("the executor \"notes\" can't run the task \"closure "), "{text}");
        assert!(text.contains("it is not a note"), "{text}");
        scheduler.job(note("a".into())).id("a").executor("notes").paused().add().unwrap();
        let error = scheduler.modify_job("a", JobChange::new().call(|| ())).unwrap_err();
        assert!(matches!(error, SchedulerError::UnsupportedTask { .. }), "{error}");
        scheduler.job(|| ()).id("b").paused().add().unwrap();
        let error = scheduler.modify_job("b", JobChange::new().executor("notes")).unwrap_err();
        assert!(matches!(error, SchedulerError::UnsupportedTask { .. }), "{error}");
    });
}

#[test]
fn a_trigger_that_never_fires_is_an_error_with_its_window() {
    before_and_after_the_start(|scheduler| {
        let trigger = || {
            IntervalTrigger::hours(1)
                .start_date(Timestamp::from_seconds(0))
                .end_date(Timestamp::from_seconds(86_400))
        };
        let text = |error: SchedulerError| error.to_string();
        let error = text(scheduler.job(|| ()).trigger(trigger()).add().unwrap_err());
        let start =
            "the job would never run: its trigger interval[1:00:00] has no fire time from 2";
        assert!(error.starts_with(start), "{error}");
        let window = "; its window is from 1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z";
        assert!(error.ends_with(window), "{error}");
        let error = text(scheduler.job(|| ()).id("x").trigger(trigger()).add().unwrap_err());
        assert!(error.starts_with("job \"x\" would never run"), "{error}");
        let never = CronTrigger::builder().month(2).day(30);
        let error = text(scheduler.job(|| ()).trigger(never).add().unwrap_err());
        assert!(!error.contains(';'), "there is no window: {error}");
        assert!(scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
    });
}

#[test]
fn an_existing_id_is_an_error_that_mentions_replace_existing() {
    before_and_after_the_start(|scheduler| {
        let add = || scheduler.job(note("a".into())).id("a").paused().add();
        add().unwrap();
        assert!(add().unwrap_err().to_string().contains("use replace_existing(true)"));
    });
}

#[test]
fn an_id_in_two_stores_is_ambiguous() {
    before_and_after_the_start(|scheduler| {
        for store in ["default", "other"] {
            scheduler.job(note("a".into())).id("a").job_store(store).paused().add().unwrap();
        }
        let error = scheduler.remove_job("a").unwrap_err();
        assert_eq!(
            error.to_string(),
            "several job stores contain a job with the id \"a\": default, other; select one of them with \
             (\"default\", \"a\")"
        );
        assert!(matches!(scheduler.get_job("a"), Err(SchedulerError::AmbiguousJob { .. })));
        scheduler.remove_job(("other", "a")).unwrap();
        assert_eq!(scheduler.get_job("a").unwrap().unwrap().job_store, "default");
    });
}

#[test]
fn jobs_are_not_available_after_the_shutdown() {
    let scheduler = builder().start().unwrap();
    scheduler.job(note("a".into())).id("a").paused().add().unwrap();
    scheduler.shutdown().unwrap();
    let not_running = |error: SchedulerError| {
        assert!(matches!(error, SchedulerError::NotRunning), "{error}");
    };
    not_running(scheduler.get_jobs(JobQuery::new()).unwrap_err());
    not_running(scheduler.get_job("a").unwrap_err());
    not_running(scheduler.pause_job("a").unwrap_err());
    not_running(scheduler.remove_job("a").unwrap_err());
    not_running(scheduler.remove_all_jobs().unwrap_err());
    // A job that is added now is pending until the next start.
    scheduler.job(note("b".into())).id("b").add().unwrap();
    assert_eq!(scheduler.pause_job("b").unwrap().state, JobState::Pending);
    assert_eq!(scheduler.get_jobs(JobQuery::new().state(JobState::Pending)).unwrap().len(), 1);
    scheduler.start().unwrap();
    assert_eq!(scheduler.get_jobs(JobQuery::new()).unwrap().len(), 2);
    scheduler.shutdown().unwrap();
}

#[test]
fn a_history_that_is_not_kept_is_an_error() {
    let scheduler = builder().start().unwrap();
    let error = scheduler.history(HistoryQuery::new().job_store("other")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no history of runs is kept in the job store \"other\"; enable it with \
         history(HistoryOptions::enabled()) on the scheduler's builder"
    );
    assert!(matches!(
        scheduler.history(HistoryQuery::new()),
        Err(SchedulerError::NoHistory { .. })
    ));
    scheduler.shutdown().unwrap();
}
