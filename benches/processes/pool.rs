//! The executor without a scheduler.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use punctual::core::{Run, RunParts, RunReport, RunSink, TaskRegistry};
use punctual::{
    Alias, Call, Codec, Executor, JobContext, JobContextParts, JobId, ProcessPoolExecutor, RunId,
    SystemClock, Task, Tasks, Timestamp,
};

use crate::measure::{Bench, Outcome};

/// Sends the time at which a run was reported. Panics if the run was not successful.
struct Sink(Sender<Instant>);

impl RunSink for Sink {
    fn report(&self, report: RunReport) {
        let outcome = report.event.outcome;
        assert!(outcome.as_ref().is_some_and(|outcome| outcome.is_success()), "{outcome:?}");
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures durations")]
        let _ = self.0.send(Instant::now());
    }
}

pub(crate) struct Pool {
    executor: ProcessPoolExecutor,
    registry: TaskRegistry,
    sink: Arc<Sink>,
    reports: Receiver<Instant>,
}

impl Pool {
    fn run_of<T: Task>(&self, call: Call<T>) -> Outcome<Run> {
        let task = punctual::core::TaskName::new(T::NAME)?;
        let (id, at) = (JobId::new("job")?, Timestamp::from_seconds(0));
        let context = JobContextParts::new(id, Alias::default(), RunId::random(), at);
        let body = self.registry.get(&task).ok_or("no such task")?;
        let args = Codec::Json.encode(&call.into_args())?;
        let (clock, sink) = (Arc::new(SystemClock), Arc::clone(&self.sink) as _);
        Ok(Run::new(RunParts::new(JobContext::new(context), task, body, args, clock, sink)))
    }
}

impl Bench for Pool {
    const SINGLES: usize = 20_000;
    const MANY: usize = 200_000;

    fn new(tasks: &Tasks, processes: usize) -> Outcome<Self> {
        let mut registry = TaskRegistry::new();
        for task in tasks.registrations() {
            registry.register(task?)?;
        }
        let executor = ProcessPoolExecutor::builder().processes(processes).eager().build()?;
        executor.start()?;
        let (sender, reports) = channel();
        Ok(Self { executor, registry, sink: Arc::new(Sink(sender)), reports })
    }

    /// Measures from the first submission to the last report.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures durations")]
    fn time<T: Task>(&self, runs: usize, call: impl Fn() -> Call<T>) -> Outcome<Duration> {
        let runs = (0..runs).map(|_| self.run_of(call())).collect::<Result<Vec<_>, _>>()?;
        let expected = runs.len();
        let started = Instant::now();
        for run in runs {
            self.executor.submit(run).map_err(|refused| refused.reason)?;
        }
        let last = self.reports.iter().take(expected).max().ok_or("no runs")?;
        Ok(last - started)
    }

    fn end(self) -> Outcome<()> {
        drop(self);
        Ok(())
    }
}
