//! Schedules that are declared with tasks.

use punctual_core::{JobContext, JobId, JobStore, tasks};
use punctual_macros::task;
use punctual_scheduler::{AsyncScheduler, BackgroundScheduler, BlockingScheduler, JobQuery};
use punctual_store_memory::MemoryJobStore;

use crate::common::{Log, SchedulerFixture, TempStore, at};

#[task(every = "100s", id = "heart")]
fn beat(context: JobContext) {
    log("beat", &context);
}

#[task(cron = "*/5 * * * *")]
fn report(context: JobContext) {
    log("report", &context);
}

/// A task without a schedule.
#[task]
fn quiet(_text: String) {}

fn log(name: &str, context: &JobContext) {
    let log = context.app_data::<Log>().expect("the log");
    log.push(format!("{name} {}", context.scheduled_time()));
}

/// The second version of the program, in which `beat` has another schedule.
mod changed {
    use punctual_macros::task;

    #[task(every = "30s", id = "heart")]
    pub(super) fn beat() {}
}

fn fixture(store: impl JobStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| builder.job_store("default", store))
}

#[test]
fn tasks_are_registered_and_their_schedules_are_added() {
    let fixture = fixture(MemoryJobStore::new());
    let ids = fixture.block_on(fixture.add_tasks(tasks![beat, quiet, report])).unwrap();
    assert_eq!(ids, ["heart", "report"].map(|id| JobId::new(id).unwrap()));
    fixture.run_until(210);
    let mut lines = fixture.log.lines();
    // Two runs have the same scheduled time.
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["beat 2023-11-14T22:15:00Z", "beat 2023-11-14T22:16:40Z", "report 2023-11-14T22:15:00Z"]
    );
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 2);
}

#[test]
fn nothing_is_added_by_registration_alone() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).tasks(&tasks![beat, report])
    });
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
}

#[test]
fn the_next_start_keeps_unchanged_jobs_and_replaces_changed_ones() {
    let file = TempStore::new();
    let next = |fixture: &SchedulerFixture, id: &str| {
        fixture.block_on(fixture.get_job(id)).unwrap().unwrap().next_run_time
    };
    {
        let first = fixture(file.store());
        first.run_until(50);
        first.block_on(first.add_tasks(tasks![beat, report])).unwrap();
        assert_eq!(next(&first, "heart"), Some(at(150)));
        first.block_on(first.shutdown()).unwrap();
    }
    {
        let second = fixture(file.store());
        second.run_until(90);
        second.block_on(second.add_tasks(tasks![beat, report])).unwrap();
        assert_eq!(next(&second, "heart"), Some(at(150)), "unchanged");
        second.block_on(second.shutdown()).unwrap();
    }
    let third = fixture(file.store());
    third.run_until(100);
    third.block_on(third.add_tasks(tasks![changed::beat, report])).unwrap();
    assert_eq!(next(&third, "heart"), Some(at(130)), "another interval");
    assert_eq!(third.block_on(third.get_jobs(JobQuery::new())).unwrap().len(), 2);
}

#[test]
fn every_scheduler_has_the_method() {
    let background = BackgroundScheduler::builder().timezone("UTC").build().unwrap();
    background.add_tasks(tasks![beat]).unwrap();
    // Adding again has no effect.
    background.add_tasks(tasks![beat]).unwrap();
    assert_eq!(background.get_jobs(JobQuery::new()).unwrap().len(), 1);

    let blocking = BlockingScheduler::builder().timezone("UTC").build().unwrap();
    blocking.add_tasks(tasks![beat, report]).unwrap();
    assert_eq!(blocking.get_jobs(JobQuery::new()).unwrap().len(), 2);

    let scheduler = AsyncScheduler::builder().timezone("UTC").build().unwrap();
    pollster::block_on(scheduler.add_tasks(tasks![report])).unwrap();
    assert!(pollster::block_on(scheduler.get_job("report")).unwrap().is_some());
}
