//! One process with its scheduler, from its start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{EventMask, NodeId, Zone};
use punctual_scheduler::{AsyncScheduler, EventStream, HistoryOptions, SchedulerState};
use punctual_store_kit::Layered;

use crate::executor::SimulatedExecutor;
use crate::gate::Gate;
use crate::line::StoreLine;
use crate::script::Machine;
use crate::time::pause;
use crate::work::Work;
use crate::world::World;

/// A process; which one of all is its number.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) machine: usize,
    pub(crate) gate: Gate,
    /// Under which name it has talked to the store last.
    pub(crate) node: Mutex<Option<NodeId>>,
    /// Counts the starts of its scheduler.
    pub(crate) starts: AtomicUsize,
    pub(crate) events: Mutex<Option<EventStream>>,
    scheduler: Mutex<Option<AsyncScheduler>>,
    has_left: AtomicBool,
    /// Somebody sees to it that its scheduler starts.
    starting: AtomicBool,
}

impl Process {
    /// Starts a process on a machine.
    pub(crate) fn spawn(world: &Arc<World>, number: usize, machine: usize) -> Arc<Self> {
        let process = Arc::new(Self {
            number,
            machine,
            gate: Gate::default(),
            node: Mutex::default(),
            starts: AtomicUsize::new(0),
            events: Mutex::default(),
            scheduler: Mutex::default(),
            has_left: AtomicBool::new(false),
            starting: AtomicBool::new(false),
        });
        let scheduler = process.build(world);
        *process.events.lock() = Some(scheduler.events(EventMask::ALL));
        *process.scheduler.lock() = Some(scheduler);
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

    /// Starts the scheduler, again and again until it has started, as whoever looks after a program does.
    pub(crate) async fn start(&self, world: &Arc<World>) {
        if self.starting.swap(true, Ordering::Relaxed) {
            return;
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
                self.starts.fetch_add(1, Ordering::Relaxed);
            }
            let started = self.scheduler().start().await;
            self.gate.pass().await;
            world.tell(self, || {
                format!("starts: {:?}", started.as_ref().map_err(ToString::to_string))
            });
            match started {
                Ok(()) => return,
                Err(punctual_scheduler::SchedulerError::AlreadyRunning) => return,
                Err(_) => pause(400).await,
            }
        }
    }

    pub(crate) fn scheduler(&self) -> AsyncScheduler {
        self.scheduler.lock().clone().expect("it was built with the process")
    }

    /// Which start of which process something belongs to.
    pub(crate) fn session(&self) -> (usize, usize) {
        (self.number, self.starts.load(Ordering::Relaxed))
    }

    /// It shuts down, to end.
    pub(crate) fn leaves(&self) {
        self.has_left.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Lets go of the scheduler, which knows the process in turn.
    pub(crate) fn let_go(&self) {
        drop(self.scheduler.lock().take());
        drop(self.events.lock().take());
    }
}
