//! The jobs of a test and their fire times.

use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::jobs::record_run;
use punctual_tests::store::{StoreLocation, with_store};

use crate::number;

/// The number of jobs for 10,000 fire times.
pub(crate) const JOBS: usize = 500;

/// The number of fire times of each job.
const TIMES: u32 = 20;

/// The number of jobs of a test that interrupts processes or servers: 200, or `PUNCTUAL_CLUSTER_JOBS`. Such a test takes as
/// long with any number, but the processors have time for more tests beside it if there are few jobs.
pub(crate) fn interrupted_jobs() -> usize {
    number("PUNCTUAL_CLUSTER_JOBS").unwrap_or(200).try_into().expect("a number of jobs")
}

/// Jobs with `Coalesce::All` and without a grace time.
pub(crate) struct Workload {
    /// The prefix of the job ids.
    pub name: &'static str,
    /// The number of jobs; half of them are `Recovery::Skip`, half `Recovery::Rerun`.
    pub jobs: usize,
    /// The first fire times; the jobs with each recovery alternate between `starts[0]` and `starts[1]`.
    pub starts: [Timestamp; 2],
    /// The time between two fire times.
    pub period: Duration,
    /// The `max_instances` of each job.
    pub max_instances: u32,
}

/// A job of the workload.
pub(crate) struct WorkloadJob {
    pub id: String,
    pub recovery: Recovery,
    pub times: Vec<Timestamp>,
    pub max_instances: usize,
}

impl Workload {
    /// The total number of fire times.
    pub(crate) fn fire_times(&self) -> usize {
        self.jobs * TIMES as usize
    }

    /// Returns all jobs. The first fire times of jobs with the same start are spread over one period.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = WorkloadJob> {
        (0..self.jobs).map(|number| {
            let (name, recovery) = match number % 2 {
                0 => ("skip", Recovery::Skip),
                _ => ("rerun", Recovery::Rerun),
            };
            let offset = self.period.mul_f64(number as f64 / self.jobs as f64);
            let first = self.starts[number / 2 % 2].saturating_add(offset);
            let following = |time: &Timestamp| Some(time.saturating_add(self.period));
            WorkloadJob {
                id: format!("{}{name}-{number}", self.name),
                recovery,
                times: std::iter::successors(Some(first), following).take(TIMES as usize).collect(),
                max_instances: self.max_instances as usize,
            }
        })
    }

    /// Adds the jobs to the store.
    pub(crate) fn add(&self, location: &StoreLocation) {
        let jobs = self.jobs().map(|job| {
            let trigger = IntervalTrigger::every(self.period)
                .start_date(job.times[0])
                .max_runs(u64::from(TIMES));
            NewJob::builder(record_run())
                .id(job.id)
                .trigger(trigger)
                .next_run_time(job.times[0])
                .coalesce(Coalesce::All)
                .max_instances(self.max_instances)
                .recovery(job.recovery)
                .build()
        });
        let added = with_store(location.clone(), |scheduler| scheduler.add_jobs(jobs)).unwrap();
        assert_eq!(added.len(), self.jobs);
    }
}
