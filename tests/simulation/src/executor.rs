//! An executor that runs on simulated time and injects faults.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    BoxFuture, Executor, ExecutorError, JobContext, Prepared, Refused, Run, RunId,
};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::process::Process;
use crate::script;
use crate::simulation::Simulation;
use crate::time::pause;

pub(crate) struct SimulatedExecutor {
    simulation: Arc<Simulation>,
    process: Arc<Process>,
    faults: script::ExecutorFaultRates,
    started: Mutex<Option<Arc<Started>>>,
}

/// The state between a start and the following shutdown.
#[derive(Debug, Default)]
struct Started {
    state: Mutex<State>,
    /// Unlike other signals of tokio, this one wakes its waiters in order.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The attempts that are executing: several of a run can be, after a lease has expired.
    active: Vec<(RunId, u32, JobContext)>,
    /// The number of runs, started or queued.
    count: usize,
    /// Whether the executor is shutting down: no more runs start.
    abandoned: bool,
}

impl Started {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock());
        self.changed.notify_waiters();
        result
    }

    async fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let changed = self.changed.notified();
            if is_so(&self.state.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl SimulatedExecutor {
    pub(crate) fn new(
        simulation: &Arc<Simulation>,
        process: &Arc<Process>,
        faults: script::ExecutorFaultRates,
    ) -> Self {
        let (simulation, process) = (Arc::clone(simulation), Arc::clone(process));
        Self { simulation, process, faults, started: Mutex::default() }
    }
}

impl Executor for SimulatedExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        self.started.lock().get_or_insert_default();
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        let Some(started) = self.started.lock().clone() else {
            return Err(Refused::new(run, ExecutorError::NotRunning));
        };
        if self.simulation.roll_permille(self.faults.refused) {
            return Err(Refused::new(run, ExecutorError::QueueFull));
        }
        let wait = match self.simulation.roll_permille(self.faults.slow) {
            true => self.simulation.random(10..8_000),
            false => self.simulation.random(0..3),
        };
        let dropped = self.simulation.roll_permille(self.faults.dropped);
        let process = Arc::clone(&self.process);
        started.change(|state| state.count += 1);
        tokio::spawn(async move {
            tokio::select! {
                biased;
                () = started.wait_until(|state| state.abandoned) => {}
                () = pause(wait) => {}
            }
            process.gate.pass().await;
            if !dropped && !started.state.lock().abandoned {
                let context = run.context().clone();
                let (id, attempt) = (context.run_id(), context.attempt());
                started.change(|state| state.active.push((id, attempt, context)));
                if let Some(Prepared::Async(run)) = run.prepare() {
                    run.await;
                }
                let is_it = |other: &(RunId, u32, JobContext)| (other.0, other.1) == (id, attempt);
                started.change(|state| state.active.retain(|other| !is_it(other)));
            } else {
                drop(run);
            }
            started.change(|state| state.count -= 1);
        });
        Ok(())
    }

    fn shutdown(&self, shutdown_timeout: Duration) -> BoxFuture<'_, ()> {
        let started = self.started.lock().take();
        let process = Arc::clone(&self.process);
        Box::pin(async move {
            let Some(started) = started else { return };
            let _ = timeout(shutdown_timeout, started.wait_until(|state| state.count == 0)).await;
            process.gate.pass().await;
            started.change(|state| {
                state.abandoned = true;
                for (_, _, context) in &state.active {
                    context.cancel();
                }
            });
            // The task of each queued run drops it immediately.
            started.wait_until(|state| state.count == state.active.len()).await;
        })
    }
}
