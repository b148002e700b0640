//! Events: masks, streams, order.

use punctual_core::{Event, EventMask};
use punctual_triggers::IntervalTrigger;

use crate::common::{Rig, at, brief, note};

fn drain(stream: &mut punctual_scheduler::EventStream) -> Vec<String> {
    std::iter::from_fn(|| stream.try_next()).map(|event| brief(&event)).collect()
}

#[test]
fn a_stream_has_what_its_mask_says_from_now_on() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).id("job");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    rig.block_on(job.trigger(trigger).add()).unwrap();
    rig.run_until(15);
    let mut ends = rig.events(EventMask::JOB_EXECUTED | EventMask::JOB_REMOVED);
    let mut nothing = rig.events(EventMask::NONE);
    let gone = rig.events(EventMask::ALL);
    drop(gone);
    rig.run_until(30);
    assert_eq!(drain(&mut ends), ["JOB_EXECUTED job", "JOB_REMOVED job"]);
    assert_eq!(drain(&mut nothing), [""; 0]);
}

#[test]
fn whoever_waits_for_the_next_event_gets_it() {
    let rig = Rig::in_memory();
    let mut stream = rig.events(EventMask::SCHEDULER_PAUSED);
    let event = rig.block_on(async {
        let (event, ()) = tokio::join!(stream.next(), async { rig.pause().unwrap() });
        event
    });
    assert!(matches!(event, Some(Event::SchedulerPaused)));
}

#[test]
fn a_stream_that_is_read_too_slowly_says_how_much_it_lost() {
    let rig = Rig::in_memory();
    let mut slow = rig.events(EventMask::SCHEDULER_PAUSED | EventMask::SCHEDULER_RESUMED);
    let mut other = rig.events(EventMask::SCHEDULER_STARTED);
    for _ in 0..32_769 {
        rig.pause().unwrap();
        rig.resume().unwrap();
    }
    assert!(matches!(slow.try_next(), Some(Event::Lagged(2))));
    assert_eq!(drain(&mut slow).len(), 65_536);
    assert!(slow.try_next().is_none());
    assert!(other.try_next().is_none());
}

#[test]
fn for_each_run_its_end_follows_its_submission() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).id("job");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    rig.block_on(job.trigger(trigger).add()).unwrap();
    rig.run_until(30);
    assert_eq!(
        rig.events.told(),
        [
            "JOBSTORE_ADDED default",
            "SCHEDULER_STARTED",
            "JOB_ADDED job",
            "JOB_SUBMITTED job",
            "JOB_EXECUTED job",
            "JOB_SUBMITTED job",
            "JOB_EXECUTED job",
            "JOB_REMOVED job",
        ]
    );
}
