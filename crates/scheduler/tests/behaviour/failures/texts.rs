//! Error messages: each error names what failed and leaves the reason to its source, so that no cause is printed twice.

use std::error::Error;
use std::io;
use std::sync::atomic::Ordering;

use punctual_core::{
    CodecError, ExecutorError, JobError, JobProblem, RunOutcome, StoreError, StoreErrorKind,
    TriggerError, TriggerSpec, error_chain,
};
use punctual_scheduler::SchedulerError;
use punctual_store_sql::SqliteJobStore;
use punctual_triggers::CronTrigger;

use crate::common::{Call, FailingExecutor, Fault, SchedulerFixture, TempStore, faulty, note};

/// Follows the chain of sources to its end and checks that no message is repeated; returns the number of sources.
pub(super) fn count_distinct_sources(error: &(dyn Error + 'static)) -> usize {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<_> = sources.map(ToString::to_string).collect();
    for pair in texts.windows(2) {
        assert!(!pair[1].is_empty() && !pair[0].contains(&pair[1]), "{texts:?}");
    }
    assert_eq!(error_chain(error).to_string(), texts.join(": "));
    texts.len() - 1
}

#[test]
fn scheduler_errors_name_each_cause_once() {
    let file = TempStore::new();
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    faults.set(Call::Add, Fault::NotApplied);
    let error = fixture.block_on(fixture.job(note("job".into())).add()).unwrap_err();
    assert_eq!(count_distinct_sources(&error), 1);
    assert_eq!(error_chain(&error).to_string(), "job store default failed: Add failed");

    let broken = FailingExecutor::default();
    broken.start.store(true, Ordering::SeqCst);
    assert_eq!(count_distinct_sources(&fixture.add_executor("other", broken).unwrap_err()), 2);

    let job = fixture.job(note("job".into())).trigger(CronTrigger::builder().hour("25"));
    let error = fixture.block_on(job.add()).unwrap_err();
    assert_eq!(count_distinct_sources(&error), 0);
    assert!(error.to_string().contains("hour"), "{error}");
    assert!(
        count_distinct_sources(&SchedulerError::RuntimeUnavailable(io::Error::other("no threads")))
            > 0
    );
}

#[test]
fn errors_of_lookups_name_the_store_that_was_searched() {
    let fixture = SchedulerFixture::in_memory();
    let text = |error: SchedulerError| error.to_string();
    let missing = fixture.block_on(fixture.remove_job("no")).unwrap_err();
    assert_eq!(text(missing), r#"there is no job with the id "no""#);
    let missing = fixture.block_on(fixture.remove_job(("default", "no"))).unwrap_err();
    assert_eq!(text(missing), r#"there is no job with the id "no" in the job store "default""#);
}

#[test]
fn database_errors_name_each_cause_once() {
    let folder = tempfile::tempdir().unwrap();
    let fixture = SchedulerFixture::in_memory();
    let nowhere = SqliteJobStore::open(folder.path().join("missing/jobs.sqlite")).unwrap();
    let error = fixture.block_on(fixture.add_job_store("file", nowhere)).unwrap_err();
    assert_eq!(
        count_distinct_sources(&error),
        3,
        "the scheduler, the file, its problem and the database"
    );
}

#[test]
fn component_errors_name_each_cause_once() {
    let unencodable = || CodecError::Encode("a key must be a string".into());
    let undecodable = || CodecError::Decode("a key must be a string".into());
    let unreadable = || TriggerSpec::from_json("moon", 1, "full".into()).decode::<u8>(1);
    let trigger = || unreadable().expect_err("no number");
    let errors: [(Box<dyn Error>, _); 9] = [
        (Box::new(unencodable()), 1),
        (Box::new(trigger()), 1),
        (Box::new(JobError::Arguments(unencodable())), 2),
        (Box::new(JobError::Trigger(trigger())), 1),
        (Box::new(JobProblem::Undecodable(undecodable())), 2),
        (Box::new(JobProblem::Arguments(undecodable())), 2),
        (Box::new(JobProblem::Trigger(TriggerError::invalid_text("moon", "no phase"))), 1),
        (Box::new(ExecutorError::Start(Box::new(io::Error::other("no threads")))), 1),
        (Box::new(StoreError::new(StoreErrorKind::Other, "no").with_source(undecodable())), 2),
    ];
    for (error, sources) in errors {
        assert_eq!(count_distinct_sources(&*error), sources, "{error:?}");
    }
}

#[test]
fn a_failed_run_names_all_causes() {
    let source = io::Error::other("no paper");
    let error = StoreError::new(StoreErrorKind::Other, "nothing was printed").with_source(source);
    let outcome = RunOutcome::Failed(std::sync::Arc::new(error.into()));
    assert_eq!(outcome.to_string(), "error: nothing was printed: no paper");
    assert_eq!(outcome.error_text().unwrap(), "nothing was printed: no paper");
}
