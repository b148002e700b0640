//! Jitter shifts runs, not fire times.

use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{Clock, Jitter, JobContext};
use punctual_triggers::IntervalTrigger;
use std::sync::Arc;

use crate::common::{SchedulerFixture, at};

fn delays(jitter: Jitter) -> Vec<i64> {
    let fixture = SchedulerFixture::in_memory();
    let delays = Arc::new(Mutex::new(Vec::new()));
    let (recorded, clock) = (Arc::clone(&delays), fixture.clock().clone());
    let job = fixture.job(move |context: JobContext| {
        let scheduled = context.scheduled_time().as_micros();
        assert_eq!(
            (scheduled - at(0).as_micros()) % 10_000_000,
            0,
            "the scheduled time is unchanged"
        );
        recorded.lock().push(clock.now().as_micros() - scheduled);
    });
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(2_000));
    fixture.block_on(job.trigger(trigger.jitter(jitter)).add()).unwrap();
    fixture.run_until(2_100);
    let delays = delays.lock().clone();
    assert_eq!(delays.len(), 200, "each fire time runs once");
    delays
}

#[test]
fn one_sided_jitter_only_delays() {
    let delays = delays(Jitter::OneSided(Duration::from_secs(4)));
    assert!(delays.iter().all(|delay| (0..=4_000_000).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|&delay| delay > 2_000_000));
}

#[test]
fn symmetric_jitter_shifts_both_ways() {
    let delays = delays(Jitter::Symmetric(Duration::from_secs(4)));
    assert!(delays.iter().all(|delay| (-4_000_000..=4_000_000).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|&delay| delay < 0) && delays.iter().any(|&delay| delay > 0));
}

#[test]
fn a_run_stays_before_the_next_fire_time() {
    let delays = delays(Jitter::OneSided(Duration::from_secs(60)));
    assert!(delays[..199].iter().all(|delay| (0..10_000_000).contains(delay)), "{delays:?}");
}
