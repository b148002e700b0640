//! Tags of jobs, and listings by them and by pages.

use punctual_core::{JobError, Tag};
use punctual_scheduler::{AsyncJobHandle, Job, JobChange, JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, TempStore, at, note};

fn fixture(file: &TempStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_store("file", file.store())
    })
}

fn tags(job: &Job) -> Vec<&str> {
    job.tags().iter().map(Tag::as_str).collect()
}

fn ids(fixture: &SchedulerFixture, query: JobQuery) -> Vec<String> {
    let jobs = fixture.block_on(fixture.get_jobs(query)).unwrap();
    jobs.iter().map(|job| job.id.to_string()).collect()
}

#[test]
fn tags_are_stored_changed_and_compared() {
    for store in ["default", "file"] {
        let file = TempStore::new();
        let fixture = fixture(&file);
        let add = |tags: &[&str]| -> Result<AsyncJobHandle, SchedulerError> {
            let job = fixture.job(note("a".into())).id("a").job_store(store).tags(tags);
            let trigger = IntervalTrigger::seconds(100).start_date(at(100));
            fixture.block_on(job.replace_existing(true).trigger(trigger).add())
        };
        let job = add(&["b", "a", "b"]).unwrap();
        assert_eq!(tags(&job), ["a", "b"]);
        let change = JobChange::new().add_tag("c").remove_tag("a").add_tag("c");
        assert_eq!(tags(&fixture.block_on(job.modify(change)).unwrap()), ["b", "c"]);
        assert_eq!(tags(&fixture.block_on(job.refresh()).unwrap().unwrap()), ["b", "c"]);
        fixture.block_on(job.modify(JobChange::new().tags(["x"]))).unwrap();
        let changed = fixture.block_on(job.refresh()).unwrap().unwrap();
        assert_eq!(tags(&changed), ["x"]);
        assert_eq!(add(&["x"]).unwrap().revision, changed.revision, "the job is unchanged");
        assert_eq!(tags(&add(&[]).unwrap()), [""; 0]);

        let error = add(&[""]).unwrap_err();
        assert!(error.to_string().starts_with(r#"tag "" is not valid"#), "{error}");
        let many: Vec<String> = (0..33).map(|number| number.to_string()).collect();
        let error = fixture.block_on(job.modify(JobChange::new().tags(&many))).unwrap_err();
        let is_named = |error: &JobError| matches!(error, JobError::Option { field: "tags", .. });
        assert!(matches!(&error, SchedulerError::Job(error) if is_named(error)), "{error}");
    }
}

#[test]
fn jobs_are_listed_by_tag_store_and_page() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    for number in 0..10 {
        let store = if number % 2 == 0 { "default" } else { "file" };
        let job = fixture.job(note("a".into())).id(format!("{number}")).job_store(store);
        let job = job.tag("all").tags((number % 3 == 0).then_some("third"));
        let job = if number < 8 { job.trigger(DateTrigger::at(at(100))) } else { job.paused() };
        fixture.block_on(job.add()).unwrap();
    }
    let third = || JobQuery::new().tag("third");
    assert_eq!(ids(&fixture, third()), ["0", "6", "3", "9"]);
    assert_eq!(ids(&fixture, third().job_store("file")), ["3", "9"]);
    assert_eq!(ids(&fixture, third().tag("all").state(JobState::Paused)), ["9"]);
    assert_eq!(ids(&fixture, third().tag("none")), [""; 0]);
    for size in 1..=11 {
        let page = || JobQuery::new().tag("all").limit(size);
        let mut found = Vec::new();
        let mut jobs = fixture.block_on(fixture.get_jobs(page())).unwrap();
        while let Some(last) = jobs.last() {
            found.extend(jobs.iter().map(|job| job.id.to_string()));
            jobs = fixture.block_on(fixture.get_jobs(page().after(last))).unwrap();
        }
        assert_eq!(found, ["0", "2", "4", "6", "8", "1", "3", "5", "7", "9"], "pages of {size}");
    }
}
