//! Runs that fail.

use std::panic;

use punctual_core::{Event, RunOutcome};
use punctual_triggers::IntervalTrigger;

use crate::common::{SchedulerFixture, at, boom, fail};

fn errors(fixture: &SchedulerFixture) -> Vec<RunOutcome> {
    let events = fixture.events.all();
    let outcomes = events.iter().filter_map(|event| match event {
        Event::JobError(run) => run.outcome.clone(),
        _ => None,
    });
    outcomes.collect()
}

#[test]
fn errors_and_panics_are_reported_and_the_job_continues() {
    let fixture = SchedulerFixture::in_memory();
    let every_ten = || IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    fixture
        .block_on(fixture.job(fail("no paper".into())).id("fail").trigger(every_ten()).add())
        .unwrap();
    fixture.run_until(30);
    fixture.block_on(fixture.job(boom("bang".into())).id("boom").add()).unwrap();
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    fixture.run_until(31);
    panic::set_hook(hook);
    let errors: Vec<_> = errors(&fixture).iter().map(ToString::to_string).collect();
    assert_eq!(errors, ["error: no paper", "error: no paper", "panic: bang"]);
    assert!(fixture.health().is_ok());
}
