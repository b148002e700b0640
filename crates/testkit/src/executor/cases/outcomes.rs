//! How runs end, for every executor.

use std::error::Error;
use std::time::Duration;

use punctual_core::{Clock, Codec, RunOutcome};
use serde_json::{Value, json};

use crate::executor::errors::Jammed;
use crate::executor::order::Order;
use crate::executor::tasks::*;
use crate::executor::{ExecutorFixture, Trial};

#[track_caller]
fn value(outcome: RunOutcome) -> Value {
    match outcome {
        RunOutcome::Success(value) => value,
        other => panic!("expected a value: {other}"),
    }
}

pub fn a_value_comes_back<F: ExecutorFixture>(trial: &Trial<F>) {
    assert_eq!(value(trial.outcome(Order::call(add(40, 2)))), json!(42));
    let outcome = trial.outcome(Order::call(add_async(40, 2)));
    assert_eq!(value(outcome), json!(42));
}

pub fn numbers_go_there_and_back_to_the_last_bit<F: ExecutorFixture>(trial: &Trial<F>) {
    // The last ones are read wrongly by who is in a hurry.
    let numbers = [f64::MIN_POSITIVE, -0.0, 0.1, 4.909094645012588e-91, 2.0554646329651354e57];
    let outcome = trial.outcome(Order::call(bits(numbers.into())));
    assert_eq!(value(outcome), json!(numbers.map(f64::to_bits)), "on their way there");
    let outcome = trial.outcome(Order::call(from_bits(numbers.map(f64::to_bits).into())));
    let back = value(outcome);
    let back = back.as_array().expect("a list").iter().filter_map(Value::as_f64);
    assert!(back.map(f64::to_bits).eq(numbers.map(f64::to_bits)), "on their way back");

    let ends = json!([u64::MAX, i64::MIN, "\0 \u{1f980}", null, {"": []}]);
    assert_eq!(value(trial.outcome(Order::call(same(ends.clone())))), ends);
}

pub fn an_error_comes_back<F: ExecutorFixture>(trial: &Trial<F>) {
    for order in [Order::call(fail("no paper".into())), Order::call(fail_async("no paper".into()))]
    {
        match trial.outcome(order) {
            RunOutcome::Failed(error) => assert_eq!(error.to_string(), "no paper"),
            other => panic!("expected an error: {other}"),
        }
    }
}

pub fn an_error_comes_with_its_sources<F: ExecutorFixture>(trial: &Trial<F>) {
    match trial.outcome(Order::call(fail_deeply())) {
        RunOutcome::Failed(error) => {
            let first: &(dyn Error + 'static) = &**error;
            let texts = std::iter::successors(Some(first), |&error| error.source());
            let texts: Vec<_> = texts.map(ToString::to_string).collect();
            assert_eq!(texts, ["no print", "no paper", "no trees"]);
        }
        other => panic!("expected an error: {other}"),
    }
}

pub fn an_error_that_can_be_read_comes_back_as_what_it_is<F: ExecutorFixture>(trial: &Trial<F>) {
    match trial.outcome(Order::call(jam(3))) {
        RunOutcome::Failed(error) => {
            assert_eq!(error.downcast_ref::<Jammed>(), Some(&Jammed { page: 3 }), "{error}");
        }
        other => panic!("expected an error: {other}"),
    }
}

pub fn an_error_that_can_not_be_shown_is_a_panic<F: ExecutorFixture>(trial: &Trial<F>) {
    for (order, expected) in [
        (Order::call(fail_unspeakably()), "no words"),
        (Order::call(fail_unspeakably_inside()), "no words"),
        (Order::call(panic_explosively()), "the panic has no message"),
    ] {
        match trial.outcome(order) {
            RunOutcome::Panicked(text) => assert_eq!(text, expected),
            other => panic!("expected a panic: {:?}", other.kind()),
        }
    }
    // Nobody is the worse for it.
    assert_eq!(value(trial.outcome(Order::call(add(40, 2)))), json!(42));
}

pub fn a_panic_is_an_outcome_with_its_text<F: ExecutorFixture>(trial: &Trial<F>) {
    for (order, expected) in [
        (Order::call(panic("as String".into())), "as String"),
        (Order::call(panic_async()), "as &str"),
        (Order::call(panic_without_text()), "the panic has no message"),
    ] {
        match trial.outcome(order) {
            RunOutcome::Panicked(text) => assert_eq!(text, expected),
            other => panic!("expected a panic: {other}"),
        }
    }
}

pub fn arguments_of_another_shape_are_reported<F: ExecutorFixture>(trial: &Trial<F>) {
    for args in [json!(null), json!([1]), json!(["1", "2"]), json!([1, 2, 3])] {
        let args = Codec::Json.encode(&args).expect("JSON");
        let event = trial.run(Order::named::<add>(args));
        let invalid = matches!(event.outcome, Some(RunOutcome::InvalidArguments(_)));
        assert!(invalid, "{event:?}");
        assert_eq!(event.started, None, "nothing was run");
    }
}

pub fn a_run_after_its_deadline_is_missed<F: ExecutorFixture>(trial: &Trial<F>) {
    let before = trial.clock.now().saturating_add_micros(-1);
    let event = trial.run(Order::call(add(1, 1)).deadline(before));
    assert!(matches!(event.outcome, Some(RunOutcome::Missed)), "{event:?}");
    assert_eq!((event.started, event.finished), (None, None));
}

pub fn a_run_at_its_deadline_is_begun<F: ExecutorFixture>(trial: &Trial<F>) {
    let order = Order::call(add(1, 1)).deadline(trial.clock.now());
    assert_eq!(value(trial.outcome(order)), json!(2));
}

pub fn a_run_cancelled_before_it_begins_is_lost<F: ExecutorFixture>(trial: &Trial<F>) {
    for order in [Order::call(add(1, 1)), Order::call(add_async(1, 1))] {
        order.context.cancel();
        let event = trial.run(order);
        assert!(matches!(event.outcome, Some(RunOutcome::Lost)), "{event:?}");
        assert_eq!(event.started, None);
    }
}

pub fn the_context_reaches_the_task<F: ExecutorFixture>(trial: &Trial<F>) {
    let order = Order::call(describe());
    let context = order.context.clone();
    let expected = json!([
        context.job_id().as_str(),
        context.job_store().as_str(),
        context.run_id().to_string(),
        context.scheduled_time().as_micros(),
        context.attempt(),
    ]);
    assert_eq!(value(trial.outcome(order)), expected);
}

pub fn the_times_of_a_run_are_the_clocks<F: ExecutorFixture>(trial: &Trial<F>) {
    let begin = trial.clock.now();
    let event = trial.run(Order::call(add(1, 1)));
    assert_eq!((event.started, event.finished), (Some(begin), Some(begin)));
    let later = trial.clock.advance(Duration::from_secs(5));
    let event = trial.run(Order::call(fail_async("at five".into())));
    assert_eq!((event.started, event.finished), (Some(later), Some(later)));
}

pub fn ten_thousand_runs_are_reported_once_each<F: ExecutorFixture>(trial: &Trial<F>) {
    for number in 0..2_500 {
        trial.submit(Order::call(add(number, 1)));
        trial.submit(Order::call(add_async(number, 1)));
        trial.submit(Order::call(fail_async(String::new())));
        trial.submit(Order::call(describe()));
    }
    trial.reports.wait_for_count(10_000);
}
