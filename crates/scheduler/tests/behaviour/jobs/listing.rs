//! Jobs printed as text.

use punctual_scheduler::{BackgroundScheduler, JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualClock;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::at;

fn scheduler() -> BackgroundScheduler {
    BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .job_store("archive", MemoryJobStore::new())
        .clock(ManualClock::at(at(0)))
        .timezone("Europe/Berlin")
        .build()
        .unwrap()
}

fn lines(scheduler: &BackgroundScheduler, query: JobQuery) -> String {
    let mut text = Vec::new();
    scheduler.print_jobs(query, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn table(scheduler: &BackgroundScheduler, query: JobQuery) -> String {
    let mut text = Vec::new();
    scheduler.print_job_table(query, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// The layout is that of APScheduler.
#[test]
fn jobs_are_printed_store_by_store() {
    let scheduler = scheduler();
    assert_eq!(lines(&scheduler, JobQuery::new()), "Pending jobs:\n    No pending jobs\n");
    let hourly = || IntervalTrigger::hours(1).start_date(at(3600));
    scheduler.job(|| ()).id("a").name("tidy").trigger(hourly()).add().unwrap();
    assert_eq!(
        lines(&scheduler, JobQuery::new()),
        "Pending jobs:\n    tidy (trigger: interval[1:00:00], pending)\n"
    );
    scheduler.start().unwrap();
    assert_eq!(
        lines(&scheduler, JobQuery::new()),
        "Jobstore archive:\n    No scheduled jobs\nJobstore default:\n    tidy (trigger: \
         interval[1:00:00], next run at: 2023-11-15 00:13:20 CET)\n"
    );
    let query = || JobQuery::new().job_store("archive");
    assert_eq!(lines(&scheduler, query()), "Jobstore archive:\n    No scheduled jobs\n");
    let unknown = scheduler.print_jobs(JobQuery::new().job_store("x"), std::io::sink());
    assert!(matches!(unknown.unwrap_err(), SchedulerError::UnknownJobStore { .. }));
    scheduler.shutdown().unwrap();
    assert_eq!(lines(&scheduler, JobQuery::new()), "Pending jobs:\n    No pending jobs\n");
}

#[test]
fn a_table_has_a_line_for_each_job() {
    let scheduler = scheduler();
    let hourly = IntervalTrigger::hours(1).start_date(at(3600));
    scheduler
        .job(|| ())
        .id("a")
        .name("清理\n\u{1b}[2J")
        .tags(["y", "x"])
        .trigger(hourly)
        .add()
        .unwrap();
    let later = DateTrigger::at(at(60));
    scheduler.job(|| ()).id("long-id").name("b").trigger(later).paused().add().unwrap();
    scheduler.start().unwrap();
    assert_eq!(
        table(&scheduler, JobQuery::new()),
        "STORE    ID       NAME             STATE      NEXT RUN                 RUNS  TAGS  TRIGGER
default  a        清理\\n\\u{1b}[2J  scheduled  2023-11-15 00:13:20 CET  0     x,y   interval[1:00:00]
default  long-id  b                paused     -                        0     -     date[2023-11-14 23:14:20 CET]
"
    );
    assert_eq!(table(&scheduler, JobQuery::new().state(JobState::Finished)).lines().count(), 1);
    scheduler.shutdown().unwrap();
}

#[test]
fn an_error_of_the_output_is_returned() {
    let error = scheduler().print_jobs(JobQuery::new(), &mut [0_u8; 3][..]).unwrap_err();
    assert!(matches!(error, SchedulerError::Output(_)), "{error}");
}
