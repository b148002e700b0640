//! Starts processes: builds a scheduler and starts it until the start succeeds.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{Zone, error_chain};
use punctual_scheduler::{AsyncScheduler, HistoryOptions, SchedulerError, SchedulerState};
use punctual_store_kit::Layered;

use crate::executor::SimulatedExecutor;
use crate::line::StoreLine;
use crate::process::Process;
use crate::script::Machine;
use crate::time::pause;
use crate::work::Work;
use crate::world::World;

impl Process {
    /// Starts a process on a machine. If the machine is named, the process starts after its predecessors have exited:
    /// users who set an identity guarantee that no two processes share it at a time.
    pub(crate) fn spawn(
        world: &Arc<World>,
        number: usize,
        machine: usize,
        before: Vec<Arc<Self>>,
    ) -> Arc<Self> {
        let before = if world.script.machines[machine].named { before } else { Vec::new() };
        let process = Self::new(number, machine, before, |process| process.build(world));
        let (begun, world) = (Arc::clone(&process), Arc::clone(world));
        tokio::spawn(async move { begun.start(&world).await });
        process
    }

    fn build(self: &Arc<Self>, world: &Arc<World>) -> AsyncScheduler {
        let script = &world.script;
        let Machine { named, executor, .. } = &script.machines[self.machine];
        let millis = |millis: u32| Duration::from_millis(millis.into());
        let mut builder = AsyncScheduler::builder()
            .clock(world.clocks[self.machine].clone())
            .job_store("default", Layered(StoreLine::new(world, self)))
            .executor("default", SimulatedExecutor::new(world, self, *executor))
            .task_type::<Work>()
            .timezone(Zone::utc())
            .state(Arc::clone(self))
            .state(Arc::clone(world))
            .history(HistoryOptions::on())
            .lease(millis(script.lease))
            .retry_interval(millis(script.retry))
            .poll_interval(millis(script.poll))
            .seed(script.seed.wrapping_mul(1_000).wrapping_add(self.number as u64));
        if *named {
            builder = builder.identity(format!("machine-{}", self.machine));
        }
        builder.build().expect("a scheduler")
    }

    /// Starts the scheduler repeatedly until the start succeeds, as a service manager does.
    pub(crate) async fn start(&self, world: &Arc<World>) {
        if self.starting.swap(true, Ordering::Relaxed) {
            return;
        }
        while !self.before.iter().all(|before| before.is_over()) {
            pause(100).await;
        }
        self.start_at_last(world).await;
        self.starting.store(false, Ordering::Relaxed);
    }

    async fn start_at_last(&self, world: &Arc<World>) {
        loop {
            self.gate.pass().await;
            if self.has_left() {
                return;
            }
            if self.scheduler().state() == SchedulerState::Stopped {
                // Drains the events of the previous start.
                world.check(self, |_, _| Ok(()));
                self.listen();
                self.starts.fetch_add(1, Ordering::Relaxed);
            }
            let started = self.scheduler().start().await;
            self.gate.pass().await;
            world.tell(self, || {
                let told = started.as_ref().map_err(|error| error_chain(error).to_string());
                format!("starts: {told:?}")
            });
            match started {
                Ok(()) => return,
                Err(SchedulerError::AlreadyRunning) => return,
                Err(_) => pause(400).await,
            }
        }
    }
}
