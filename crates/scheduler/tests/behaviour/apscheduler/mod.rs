//! The behaviour of APScheduler 3.11 that programs rely on, and its defects: a test for each row of the description of its
//! `add_job`, management methods, wake-ups and events, and for each defect of ADR 0009, named after it. Where the behaviour
//! differs, the test says how; `docs/guide/from-apscheduler.md` says why.

mod adding;
mod defects;
mod events;
mod managing;
mod wakeup;

use punctual_scheduler::{AsyncScheduler, Job, JobQuery};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualClock;
use punctual_triggers::{IntervalTrigger, IntervalTriggerBuilder};

use crate::common::{SchedulerFixture, at};

/// A started scheduler with two stores in memory.
fn two_stores() -> SchedulerFixture {
    SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.job_store("second", MemoryJobStore::new())
    })
}

/// A scheduler that has not been started.
fn stopped() -> AsyncScheduler {
    AsyncScheduler::builder()
        .clock(ManualClock::at(at(0)))
        .timezone("UTC")
        .job_store("default", MemoryJobStore::new())
        .build()
        .unwrap()
}

fn every_ten_seconds() -> IntervalTriggerBuilder {
    IntervalTrigger::seconds(10).start_date(at(10))
}

fn listed(fixture: &SchedulerFixture, query: JobQuery) -> Vec<String> {
    let jobs = fixture.block_on(fixture.get_jobs(query)).unwrap();
    jobs.iter().map(|job| job.id.to_string()).collect()
}

fn only_job(fixture: &SchedulerFixture) -> Job {
    let mut jobs = fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap();
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}
