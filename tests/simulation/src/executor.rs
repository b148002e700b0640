//! An executor that runs on the simulation's time, and does not always do as it should.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    BoxFuture, Executor, ExecutorError, JobContext, Prepared, Refused, Run, RunId,
};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::process::Process;
use crate::script;
use crate::time::pause;
use crate::world::World;

pub(crate) struct SimulatedExecutor {
    world: Arc<World>,
    process: Arc<Process>,
    faults: script::Executor,
    started: Mutex<Option<Arc<Started>>>,
}

/// From a start to the shutdown after it.
#[derive(Debug)]
struct Started {
    under_way: Mutex<Vec<(RunId, JobContext)>>,
    /// How many runs there are, begun or not.
    count: watch::Sender<usize>,
    /// Nothing begins any more.
    abandoned: watch::Sender<bool>,
}

impl SimulatedExecutor {
    pub(crate) fn new(
        world: &Arc<World>,
        process: &Arc<Process>,
        faults: script::Executor,
    ) -> Self {
        let (world, process) = (Arc::clone(world), Arc::clone(process));
        Self { world, process, faults, started: Mutex::default() }
    }
}

impl Executor for SimulatedExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        self.started.lock().get_or_insert_with(|| {
            Arc::new(Started {
                under_way: Mutex::default(),
                count: watch::Sender::new(0),
                abandoned: watch::Sender::new(false),
            })
        });
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        let Some(started) = self.started.lock().clone() else {
            return Err(Refused::new(run, ExecutorError::NotRunning));
        };
        if self.world.strikes(self.faults.refused) {
            return Err(Refused::new(run, ExecutorError::QueueFull));
        }
        let wait = match self.world.strikes(self.faults.slow) {
            true => self.world.random(10..8_000),
            false => self.world.random(0..3),
        };
        let dropped = self.world.strikes(self.faults.dropped);
        let process = Arc::clone(&self.process);
        started.count.send_modify(|count| *count += 1);
        tokio::spawn(async move {
            let mut abandoned = started.abandoned.subscribe();
            tokio::select! {
                biased;
                _ = abandoned.wait_for(|&abandoned| abandoned) => {}
                () = pause(wait) => {}
            }
            process.gate.pass().await;
            if !dropped && !*started.abandoned.borrow() {
                let (id, context) = (run.context().run_id(), run.context().clone());
                started.under_way.lock().push((id, context));
                if let Some(Prepared::Async(run)) = run.prepare() {
                    run.await;
                }
                started.under_way.lock().retain(|(other, _)| *other != id);
            } else {
                drop(run);
            }
            started.count.send_modify(|count| *count -= 1);
        });
        Ok(())
    }

    fn shutdown(&self, patience: Duration) -> BoxFuture<'_, ()> {
        let started = self.started.lock().take();
        Box::pin(async move {
            let Some(started) = started else { return };
            let mut count = started.count.subscribe();
            let _ = timeout(patience, count.wait_for(|&count| count == 0)).await;
            started.abandoned.send_replace(true);
            for (_, context) in &*started.under_way.lock() {
                context.cancel();
            }
            // What has not begun is dropped in its own task, at once.
            tokio::task::yield_now().await;
        })
    }
}
