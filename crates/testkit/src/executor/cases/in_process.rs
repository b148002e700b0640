//! The environment of a task, and the release of its resources.

use std::sync::Arc;

use punctual_core::{Codec, RunOutcome, TaskError, is_inside_run};

use crate::executor::gate::SignalSender;
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{ClosureTask, add};
use crate::executor::{CaseContext, ExecutorFixture, WAIT_TIMEOUT};

pub fn shared_state_is_passed_to_the_task<F: ExecutorFixture>(case: &CaseContext<F>) {
    for task in
        ClosureTask::both(|context| async move { context.app_data::<String>().map(|s| s.len()) })
    {
        match case.outcome(RunSpec::closure(task)) {
            RunOutcome::Success(length) => assert_eq!(length, "shared".len()),
            other => panic!("expected the state's length: {other}"),
        }
    }
}

pub fn is_inside_run_is_set_during_a_run<F: ExecutorFixture>(case: &CaseContext<F>) {
    assert!(!is_inside_run(), "the case does not run inside a run");
    for task in ClosureTask::both(|_| async { is_inside_run() }) {
        match case.outcome(RunSpec::closure(task)) {
            RunOutcome::Success(inside) => assert_eq!(inside, true),
            other => panic!("expected a value: {other}"),
        }
    }
    assert!(!is_inside_run(), "the case does not run inside a run");
}

pub fn failed_runs_drop_their_values<F: ExecutorFixture>(case: &CaseContext<F>) {
    let token = Arc::new(());
    let (sender, receiver) = SignalSender::new();
    for number in 0..100 {
        let (token, sender) = (Arc::clone(&token), sender.clone());
        let tasks = ClosureTask::both(move |context| {
            let (token, sender) = (Arc::clone(&token), sender.clone());
            async move {
                let _dropped_at_the_end = (token, context);
                sender.send(());
                assert!(number % 2 == 0, "odd runs panic");
                Err::<(), TaskError>("even runs fail".into())
            }
        });
        for task in tasks {
            case.submit(RunSpec::closure(task));
        }
    }
    let invalid =
        case.submit(RunSpec::with_args::<add>(Codec::Json.encode("not numbers").expect("JSON")));
    case.reports.wait(invalid);
    case.reports.wait_for_count(201);
    (0..200).for_each(|_| receiver.next());
    // The workers have dropped the tasks only after the shutdown.
    case.shutdown(WAIT_TIMEOUT);
    assert_eq!(Arc::strong_count(&token), 1);
}
