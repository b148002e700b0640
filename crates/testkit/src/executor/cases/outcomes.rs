//! Outcomes of runs.

use std::error::Error;
use std::time::Duration;

use punctual_core::{Clock, Codec, RunOutcome};
use serde_json::{Value, json};

use crate::executor::errors::SerializableError;
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::*;
use crate::executor::{CaseContext, ExecutorFixture};

#[track_caller]
fn value(outcome: RunOutcome) -> Value {
    match outcome {
        RunOutcome::Success(value) => value,
        other => panic!("expected a value: {other}"),
    }
}

pub fn values_are_returned<F: ExecutorFixture>(case: &CaseContext<F>) {
    assert_eq!(value(case.outcome(RunSpec::call(add(40, 2)))), json!(42));
    let outcome = case.outcome(RunSpec::call(add_async(40, 2)));
    assert_eq!(value(outcome), json!(42));
}

pub fn numbers_are_transmitted_exactly<F: ExecutorFixture>(case: &CaseContext<F>) {
    // The last two numbers are parsed incorrectly by fast but inexact float parsers.
    let numbers = [f64::MIN_POSITIVE, -0.0, 0.1, 4.909094645012588e-91, 2.0554646329651354e57];
    let outcome = case.outcome(RunSpec::call(to_bits(numbers.into())));
    assert_eq!(value(outcome), json!(numbers.map(f64::to_bits)), "numbers in arguments");
    let outcome = case.outcome(RunSpec::call(from_bits(numbers.map(f64::to_bits).into())));
    let returned = value(outcome);
    let returned = returned.as_array().expect("a list").iter().filter_map(Value::as_f64);
    assert!(returned.map(f64::to_bits).eq(numbers.map(f64::to_bits)), "numbers in results");

    let values = json!([u64::MAX, i64::MIN, "\0 \u{1f980}", null, {"": []}]);
    assert_eq!(value(case.outcome(RunSpec::call(echo(values.clone())))), values);
}

pub fn errors_are_returned<F: ExecutorFixture>(case: &CaseContext<F>) {
    for spec in
        [RunSpec::call(fail("no paper".into())), RunSpec::call(fail_async("no paper".into()))]
    {
        match case.outcome(spec) {
            RunOutcome::Failed(error) => assert_eq!(error.to_string(), "no paper"),
            other => panic!("expected an error: {other}"),
        }
    }
}

pub fn errors_keep_their_sources<F: ExecutorFixture>(case: &CaseContext<F>) {
    match case.outcome(RunSpec::call(fail_with_sources())) {
        RunOutcome::Failed(error) => {
            let first: &(dyn Error + 'static) = &**error;
            let texts = std::iter::successors(Some(first), |&error| error.source());
            let texts: Vec<_> = texts.map(ToString::to_string).collect();
            assert_eq!(texts, ["no print", "no paper", "no trees"]);
        }
        other => panic!("expected an error: {other}"),
    }
}

pub fn serializable_errors_keep_their_type<F: ExecutorFixture>(case: &CaseContext<F>) {
    match case.outcome(RunSpec::call(fail_serializable(3))) {
        RunOutcome::Failed(error) => {
            assert_eq!(
                error.downcast_ref::<SerializableError>(),
                Some(&SerializableError { code: 3 }),
                "{error}"
            );
        }
        other => panic!("expected an error: {other}"),
    }
}

pub fn an_error_that_panics_in_display_is_a_panic<F: ExecutorFixture>(case: &CaseContext<F>) {
    for (spec, expected) in [
        (RunSpec::call(fail_with_panicking_display()), "panic in Display"),
        (RunSpec::call(fail_with_panicking_source()), "panic in Display"),
        (RunSpec::call(panic_with_panicking_drop()), "the panic has no message"),
    ] {
        match case.outcome(spec) {
            RunOutcome::Panicked(text) => assert_eq!(text, expected),
            other => panic!("expected a panic: {:?}", other.kind()),
        }
    }
    // The executor still works.
    assert_eq!(value(case.outcome(RunSpec::call(add(40, 2)))), json!(42));
}

pub fn a_panic_is_reported_with_its_message<F: ExecutorFixture>(case: &CaseContext<F>) {
    for (spec, expected) in [
        (RunSpec::call(panic("as String".into())), "as String"),
        (RunSpec::call(panic_async()), "as &str"),
        (RunSpec::call(panic_without_message()), "the panic has no message"),
    ] {
        match case.outcome(spec) {
            RunOutcome::Panicked(text) => assert_eq!(text, expected),
            other => panic!("expected a panic: {other}"),
        }
    }
}

pub fn invalid_arguments_are_reported<F: ExecutorFixture>(case: &CaseContext<F>) {
    for args in [json!(null), json!([1]), json!(["1", "2"]), json!([1, 2, 3])] {
        let args = Codec::Json.encode(&args).expect("JSON");
        let event = case.run(RunSpec::with_args::<add>(args));
        let invalid = matches!(event.outcome, Some(RunOutcome::InvalidArguments(_)));
        assert!(invalid, "{event:?}");
        assert_eq!(event.started, None, "the task must not start");
    }
}

pub fn a_run_after_its_deadline_is_missed<F: ExecutorFixture>(case: &CaseContext<F>) {
    let before = case.clock.now().saturating_add_micros(-1);
    let event = case.run(RunSpec::call(add(1, 1)).deadline(before));
    assert!(matches!(event.outcome, Some(RunOutcome::Missed)), "{event:?}");
    assert_eq!((event.started, event.finished), (None, None));
}

pub fn a_run_at_its_deadline_is_started<F: ExecutorFixture>(case: &CaseContext<F>) {
    let spec = RunSpec::call(add(1, 1)).deadline(case.clock.now());
    assert_eq!(value(case.outcome(spec)), json!(2));
}

pub fn a_run_cancelled_before_its_start_is_lost<F: ExecutorFixture>(case: &CaseContext<F>) {
    for spec in [RunSpec::call(add(1, 1)), RunSpec::call(add_async(1, 1))] {
        spec.context.cancel();
        let event = case.run(spec);
        assert!(matches!(event.outcome, Some(RunOutcome::Lost)), "{event:?}");
        assert_eq!(event.started, None);
    }
}

pub fn the_context_is_passed_to_the_task<F: ExecutorFixture>(case: &CaseContext<F>) {
    let spec = RunSpec::call(describe());
    let context = spec.context.clone();
    let expected = json!([
        context.job_id().as_str(),
        context.job_store().as_str(),
        context.run_id().to_string(),
        context.scheduled_time().as_micros(),
        context.attempt(),
    ]);
    assert_eq!(value(case.outcome(spec)), expected);
}

pub fn run_times_are_read_from_the_clock<F: ExecutorFixture>(case: &CaseContext<F>) {
    let start = case.clock.now();
    let event = case.run(RunSpec::call(add(1, 1)));
    assert_eq!((event.started, event.finished), (Some(start), Some(start)));
    let later = case.clock.advance(Duration::from_secs(5));
    let event = case.run(RunSpec::call(fail_async("at five".into())));
    assert_eq!((event.started, event.finished), (Some(later), Some(later)));
}

pub fn ten_thousand_runs_are_reported_once_each<F: ExecutorFixture>(case: &CaseContext<F>) {
    for number in 0..2_500 {
        case.submit(RunSpec::call(add(number, 1)));
        case.submit(RunSpec::call(add_async(number, 1)));
        case.submit(RunSpec::call(fail_async(String::new())));
        case.submit(RunSpec::call(describe()));
    }
    case.reports.wait_for_count(10_000);
}
