//! The jobs that a test adds, and when they are to run.

use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::jobs::occur;
use punctual_tests::store::{Place, with_store};

/// How many jobs there are, unless the store is too slow for so many.
pub(crate) const JOBS: usize = 500;

/// How many occurrences each has,
const TIMES: u32 = 20;

/// and how many that makes.
pub(crate) const ALL: usize = JOBS * TIMES as usize;

/// Jobs whose occurrences are each to run by itself, however late.
pub(crate) struct Plan {
    /// What the names of its jobs begin with.
    pub name: &'static str,
    /// How many jobs there are; half of them are `Recovery::Skip`, half `Recovery::Rerun`.
    pub jobs: usize,
    /// The first occurrence of the jobs of each half, the second and fourth quarter of them.
    pub starts: [Timestamp; 2],
    /// From one occurrence to the next.
    pub period: Duration,
    /// How many runs of a job may be under way.
    pub max_instances: u32,
}

/// A job of the plan.
pub(crate) struct Planned {
    pub id: String,
    pub recovery: Recovery,
    pub times: Vec<Timestamp>,
    pub max_instances: usize,
}

impl Plan {
    /// How many occurrences they have in all.
    pub(crate) fn occurrences(&self) -> usize {
        self.jobs * TIMES as usize
    }

    /// All jobs. Those that start together are spread over the period.
    pub(crate) fn jobs(&self) -> impl Iterator<Item = Planned> {
        (0..self.jobs).map(|number| {
            let (name, recovery) = match number % 2 {
                0 => ("skip", Recovery::Skip),
                _ => ("rerun", Recovery::Rerun),
            };
            let place = self.period.mul_f64(number as f64 / self.jobs as f64);
            let first = self.starts[number / 2 % 2].saturating_add(place);
            let following = |time: &Timestamp| Some(time.saturating_add(self.period));
            Planned {
                id: format!("{}{name}-{number}", self.name),
                recovery,
                times: std::iter::successors(Some(first), following).take(TIMES as usize).collect(),
                max_instances: self.max_instances as usize,
            }
        })
    }

    /// Adds them to the store.
    pub(crate) fn add(&self, place: &Place) {
        let jobs = self.jobs().map(|job| {
            let trigger = IntervalTrigger::every(self.period)
                .start_date(job.times[0])
                .max_runs(u64::from(TIMES));
            NewJob::builder(occur())
                .id(job.id)
                .trigger(trigger)
                .next_run_time(job.times[0])
                .coalesce(Coalesce::All)
                .max_instances(self.max_instances)
                .recovery(job.recovery)
                .build()
        });
        let added = with_store(place.clone(), |scheduler| scheduler.add_jobs(jobs)).unwrap();
        assert_eq!(added, self.jobs);
    }
}
