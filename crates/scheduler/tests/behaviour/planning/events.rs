//! Events: masks, streams and their order.

use std::future::ready;

use futures_util::StreamExt;
use punctual_core::{Event, EventMask};
use punctual_scheduler::AsyncScheduler;
use punctual_triggers::IntervalTrigger;

use crate::common::{SchedulerFixture, at, brief, note};

fn drain(stream: &mut punctual_scheduler::EventStream) -> Vec<String> {
    std::iter::from_fn(|| stream.try_next()).map(|event| brief(&event)).collect()
}

#[test]
fn a_stream_receives_new_events_of_its_mask() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    fixture.run_until(15);
    let mut ends = fixture.events(EventMask::JOB_EXECUTED | EventMask::JOB_REMOVED);
    let mut nothing = fixture.events(EventMask::NONE);
    let gone = fixture.events(EventMask::ALL);
    drop(gone);
    fixture.run_until(30);
    assert_eq!(drain(&mut ends), ["JOB_EXECUTED job", "JOB_REMOVED job"]);
    assert_eq!(drain(&mut nothing), [""; 0]);
}

#[test]
fn waiting_for_the_next_event_returns_it() {
    let fixture = SchedulerFixture::in_memory();
    let mut stream = fixture.events(EventMask::SCHEDULER_PAUSED);
    let event = fixture.block_on(async {
        let (event, ()) = tokio::join!(stream.next(), async { fixture.pause().unwrap() });
        event
    });
    assert!(matches!(event, Some(Event::SchedulerPaused)));
}

#[test]
fn a_stream_ends_after_the_buffered_events_of_a_shutdown() {
    let fixture = SchedulerFixture::in_memory();
    let mut stream = fixture.events(EventMask::SCHEDULER_PAUSED | EventMask::SCHEDULER_SHUTDOWN);
    let mut other = fixture.events(EventMask::SCHEDULER_PAUSED);
    fixture.pause().unwrap();
    assert!(matches!(stream.try_next(), Some(Event::SchedulerPaused)));
    assert!(stream.try_next().is_none() && !stream.is_ended(), "no event yet");
    fixture.block_on(fixture.shutdown()).unwrap();
    assert!(!stream.is_ended() && !other.is_ended(), "events are buffered");
    let last = fixture.block_on(stream.next());
    assert!(matches!(last, Some(Event::SchedulerShutdown)));
    assert!(stream.is_ended());
    for _ in 0..2 {
        assert!(fixture.block_on(stream.next()).is_none());
    }
    assert!(matches!(fixture.block_on(other.next()), Some(Event::SchedulerPaused)));
    assert!(fixture.block_on(other.next()).is_none(), "even if the mask excludes the shutdown");

    let mut next = fixture.events(EventMask::SCHEDULER_STARTED | EventMask::SCHEDULER_SHUTDOWN);
    assert!(!next.is_ended(), "a new stream is for the next start");
    fixture.block_on(async {
        fixture.start_manual().await.unwrap();
        fixture.shutdown().await.unwrap();
    });
    assert_eq!(drain(&mut next), ["SCHEDULER_STARTED", "SCHEDULER_SHUTDOWN"]);
    assert!(next.is_ended() && stream.is_ended());
}

#[test]
fn waiting_for_an_event_returns_when_the_stream_ends() {
    let fixture = SchedulerFixture::in_memory();
    let mut stream = fixture.events(EventMask::NONE);
    let (event, ()) = fixture.block_on(async {
        tokio::join!(stream.next(), async { fixture.shutdown().await.unwrap() })
    });
    assert!(event.is_none());
}

#[test]
fn a_stream_ends_with_a_scheduler_that_is_dropped() {
    let scheduler = AsyncScheduler::builder().timezone("UTC").build().unwrap();
    let clone = scheduler.clone();
    let mut stream = scheduler.events(EventMask::ALL);
    drop(scheduler);
    assert!(!stream.is_ended());
    drop(clone);
    assert!(stream.is_ended());
    assert!(pollster::block_on(stream.next()).is_none());
}

#[test]
fn a_stream_implements_the_stream_trait() {
    let fixture = SchedulerFixture::in_memory();
    let mask =
        EventMask::SCHEDULER_PAUSED | EventMask::SCHEDULER_RESUMED | EventMask::SCHEDULER_SHUTDOWN;
    let stream = fixture.events(mask);
    let job = async {
        fixture.pause().unwrap();
        fixture.resume().unwrap();
        fixture.shutdown().await.unwrap();
    };
    let received = stream.filter(|event| ready(!matches!(event, Event::SchedulerResumed)));
    let (received, ()) =
        fixture.block_on(async { tokio::join!(received.collect::<Vec<_>>(), job) });
    let received: Vec<_> = received.iter().map(brief).collect();
    assert_eq!(received, ["SCHEDULER_PAUSED", "SCHEDULER_SHUTDOWN"]);
}

#[test]
fn a_slow_stream_reports_the_number_of_lost_events() {
    let fixture = SchedulerFixture::in_memory();
    let mut slow = fixture.events(EventMask::SCHEDULER_PAUSED | EventMask::SCHEDULER_RESUMED);
    let mut other = fixture.events(EventMask::SCHEDULER_STARTED);
    for _ in 0..32_769 {
        fixture.pause().unwrap();
        fixture.resume().unwrap();
    }
    assert!(matches!(slow.try_next(), Some(Event::Lagged(2))));
    assert_eq!(drain(&mut slow).len(), 65_536);
    assert!(slow.try_next().is_none());
    assert!(other.try_next().is_none());
}

#[test]
fn completion_events_follow_submission_events() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    fixture.run_until(30);
    assert_eq!(
        fixture.events.event_lines(),
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
