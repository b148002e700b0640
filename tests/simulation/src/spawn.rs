//! Starts processes: builds a scheduler and starts it until the start succeeds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{Zone, error_chain};
use punctual_scheduler::{
    AsyncScheduler, FailureLog, HistoryOptions, SchedulerError, SchedulerState,
};
use punctual_store_kit::Layered;

use crate::connection::SimulatedConnection;
use crate::executor::SimulatedExecutor;
use crate::process::Process;
use crate::script::Machine;
use crate::simulation::Simulation;
use crate::time::pause;
use crate::work::Work;

impl Process {
    /// Starts a process on a machine. If the machine is named, the process starts after its predecessors have exited:
    /// users who set an identity guarantee that no two processes share it at a time.
    pub(crate) fn spawn(
        simulation: &Arc<Simulation>,
        number: usize,
        machine: usize,
        predecessors: Vec<Arc<Self>>,
    ) -> Arc<Self> {
        let predecessors = if simulation.script.machines[machine].has_identity {
            predecessors
        } else {
            Vec::new()
        };
        let process = Self::new(number, machine, predecessors, |process| process.build(simulation));
        let (begun, simulation) = (Arc::clone(&process), Arc::clone(simulation));
        tokio::spawn(async move { begun.start(&simulation).await });
        process
    }

    fn build(self: &Arc<Self>, simulation: &Arc<Simulation>) -> AsyncScheduler {
        let script = &simulation.script;
        let Machine { has_identity, executor, .. } = &script.machines[self.machine];
        let millis = |millis: u32| Duration::from_millis(millis.into());
        let mut builder = AsyncScheduler::builder()
            .clock(simulation.clocks[self.machine].clone())
            .job_store("default", Layered(SimulatedConnection::new(simulation, self)))
            .executor("default", SimulatedExecutor::new(simulation, self, *executor))
            .task_type::<Work>()
            .timezone(Zone::utc())
            .app_data(Arc::clone(self))
            .app_data(Arc::clone(simulation))
            .history(HistoryOptions::enabled())
            .failure_log(FailureLog::Off)
            .lease(millis(script.lease))
            .max_retry_delay(millis(script.retry))
            .poll_interval(millis(script.poll))
            .seed(script.seed.wrapping_mul(1_000).wrapping_add(self.number as u64));
        if *has_identity {
            builder = builder.node_id(format!("machine-{}", self.machine));
        }
        builder.build().expect("a scheduler")
    }

    /// Starts the scheduler repeatedly until the start succeeds, as a service manager does.
    pub(crate) async fn start(&self, simulation: &Arc<Simulation>) {
        if self.starting.swap(true, Ordering::Relaxed) {
            return;
        }
        while !self.predecessors.iter().all(|predecessor| predecessor.is_over()) {
            pause(100).await;
        }
        self.start_at_last(simulation).await;
        self.starting.store(false, Ordering::Relaxed);
    }

    async fn start_at_last(&self, simulation: &Arc<Simulation>) {
        loop {
            self.gate.pass().await;
            if self.is_exiting() {
                return;
            }
            if self.scheduler().state() == SchedulerState::Stopped {
                // Drains the events of the previous start.
                simulation.check(self, |_, _| Ok(()));
                self.listen();
                self.starts.fetch_add(1, Ordering::Relaxed);
            }
            let started = self.scheduler().start().await;
            self.gate.pass().await;
            simulation.trace_process(self, || {
                let result = started.as_ref().map_err(|error| error_chain(error).to_string());
                format!("starts: {result:?}")
            });
            match started {
                Ok(()) => return,
                Err(SchedulerError::AlreadyRunning) => return,
                Err(_) => pause(400).await,
            }
        }
    }
}
