//! Executes a script.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{DynJobStore, HistoryQuery};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::check::{Counts, Violation};
use crate::process::Process;
use crate::script::{Script, Step};
use crate::user;
use crate::world::World;

/// The result of a script.
#[derive(Clone, Debug)]
pub struct Played {
    /// The first violation, if there was one.
    pub violation: Option<Violation>,
    /// The trace, if it was requested.
    pub trace: Vec<String>,
    /// Counts of events.
    pub counts: Counts,
}

/// The maximum duration of a shutdown beyond its timeout, in milliseconds.
const SHUTDOWN: u32 = 25_000;

/// Executes a script to its end, or until an invariant is violated. The result depends only on the script.
#[must_use]
pub fn play(script: &Script, traced: bool) -> Played {
    fastrand::seed(script.seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let world = World::new(script.clone(), traced);
        let mut stage = Stage { world: Arc::clone(&world), all: Vec::new(), tasks: JoinSet::new() };
        stage.play().await;
        for process in &stage.all {
            process.let_go();
        }
        let mut counts = Counts::default();
        world.check_all(|check, _| {
            counts = check.counts;
            Ok(())
        });
        Played { violation: world.violated(), trace: world.take_trace(), counts }
    })
}

struct Stage {
    world: Arc<World>,
    /// All processes so far; the last one of a machine is its current process.
    all: Vec<Arc<Process>>,
    tasks: JoinSet<()>,
}

impl Stage {
    async fn play(&mut self) {
        let script = self.world.script.clone();
        for machine in 0..script.machines.len() {
            self.start(machine);
        }
        for (at, step) in &script.steps {
            self.world.until(*at).await;
            if self.world.violated().is_some() {
                return;
            }
            self.world.note(|| format!("{step:?}"));
            self.make(step);
        }
        self.world.until(script.heal_at).await;
        self.heal();
        let quiet = script.lease * 3 + script.retry * 2 + script.poll + 15_000;
        crate::time::pause(quiet).await;
        if self.world.violated().is_some() {
            return;
        }
        if timeout(Duration::from_secs(120), async {
            while self.tasks.join_next().await.is_some() {}
        })
        .await
        .is_err()
        {
            let text = "a user action or a shutdown has not returned";
            return self.violate("every call returns", text.to_owned());
        }
        self.settle().await;
    }

    fn violate(&self, rule: &'static str, text: String) {
        self.world.violate(Violation { rule, text });
    }

    fn present(&self, machine: usize) -> Option<Arc<Process>> {
        let last = self.all.iter().rev().find(|process| process.machine == machine)?;
        (!last.gate.is_dead() && !last.has_left()).then(|| Arc::clone(last))
    }

    fn start(&mut self, machine: usize) {
        if self.present(machine).is_none() {
            let there = self.all.iter().filter(|process| process.machine == machine);
            let before = there.cloned().collect();
            let process = Process::spawn(&self.world, self.all.len(), machine, before);
            self.all.push(process);
        }
    }

    fn make(&mut self, step: &Step) {
        let world = &self.world;
        match step {
            Step::Start { machine } => self.start(*machine),
            Step::Outage { machine, how, time } => world.begin_outage(*machine, *how, *time),
            Step::Jump { machine, by } => {
                world.clocks[*machine].jump(i64::from(*by) * 1_000);
                world.check_all(|check, now| {
                    check.jumped(*machine, now);
                    Ok(())
                });
            }
            Step::Kill { machine }
            | Step::Stop { machine, .. }
            | Step::Shutdown { machine, .. }
            | Step::Restart { machine, .. }
            | Step::Pause { machine }
            | Step::Resume { machine }
            | Step::User { machine, .. } => {
                if let Some(process) = self.present(*machine) {
                    self.make_with(step, process);
                }
            }
        }
    }

    fn make_with(&mut self, step: &Step, process: Arc<Process>) {
        let world = Arc::clone(&self.world);
        match step.clone() {
            Step::Kill { .. } => {
                // Drains the events that the process has emitted so far.
                world.check(&process, |check, _| {
                    check.died(process.number);
                    Ok(())
                });
                process.gate.kill();
            }
            Step::Stop { time, .. } => {
                process.gate.stop();
                tokio::spawn(async move {
                    crate::time::pause(time).await;
                    process.gate.go_on();
                });
            }
            Step::Shutdown { wait, .. } => self.spawn(process, async move |process| {
                process.leaves();
                shut_down(&world, &process, wait).await;
            }),
            Step::Restart { wait, .. } => self.spawn(process, async move |process| {
                shut_down(&world, &process, wait).await;
                process.start(&world).await;
            }),
            Step::Pause { .. } => drop(process.scheduler().pause()),
            Step::Resume { .. } => drop(process.scheduler().resume()),
            Step::User { job, what, .. } => self.spawn(process, async move |process| {
                process.gate.pass().await;
                user::act(&world, &process, job, &what).await;
            }),
            Step::Start { .. } | Step::Outage { .. } | Step::Jump { .. } => {}
        }
    }

    /// Spawns a task that is aborted when its process is killed.
    fn spawn<F>(&mut self, process: Arc<Process>, work: impl FnOnce(Arc<Process>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = work(Arc::clone(&process));
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = process.gate.until_dead() => {}
                () = work => {}
            }
        });
    }

    /// Disables all faults and starts a process on each machine.
    fn heal(&mut self) {
        self.world.note(|| "no more faults from now on".to_owned());
        self.world.heal();
        for process in &self.all {
            process.gate.go_on();
            drop(process.scheduler().resume());
        }
        if (0..self.world.script.machines.len()).all(|machine| self.present(machine).is_none()) {
            self.start(0);
        }
    }

    /// Checks the stored jobs, shuts all processes down, and checks the final state.
    async fn settle(&mut self) {
        let world = Arc::clone(&self.world);
        let page = world.store.list(None, 1_000).await.expect("the jobs");
        let jobs: Vec<_> =
            page.records.iter().filter_map(|record| world.stored(&record.id)).collect();
        let poll = i64::from(world.script.poll) * 1_000;
        let living: Vec<_> =
            (0..world.script.machines.len()).filter_map(|machine| self.present(machine)).collect();
        for process in &living {
            world.check(process, |_, _| Ok(()));
        }
        world.check_all(|check, now| check.quiet(&jobs, poll, now));
        for process in living {
            let world = Arc::clone(&world);
            self.spawn(process, async move |process| end(&world, &process, 1_000).await);
        }
        while self.tasks.join_next().await.is_some() {}
        for process in &self.all {
            world.check(process, |_, _| Ok(()));
        }
        let mut query = HistoryQuery::new();
        query.limit = usize::MAX >> 1;
        let history = world.store.read_history(&query).await.expect("the history").entries;
        world.check_all(|check, _| check.end(&history));
    }
}

/// Shuts a process down as a user does.
async fn shut_down(world: &Arc<World>, process: &Process, wait: u32) {
    process.gate.pass().await;
    world.check(process, |check, _| {
        check.shuts_down(process.session());
        Ok(())
    });
    end(world, process, wait).await;
}

async fn end(world: &Arc<World>, process: &Process, wait: u32) {
    let stops = world.script.steps.iter().map(|(_, step)| match step {
        Step::Stop { machine, time } if *machine == process.machine => *time,
        _ => 0,
    });
    let most = wait.max(5_000) * 3 + SHUTDOWN + stops.sum::<u32>();
    let scheduler = process.scheduler();
    let ended = scheduler.shutdown_timeout(Duration::from_millis(wait.into()));
    let ended = timeout(Duration::from_millis(most.into()), ended).await;
    world.tell(process, || format!("has shut down: {:?}", ended.as_ref().map(Result::is_ok)));
    if ended.is_err() {
        let text = format!("process {} after {most} ms", process.number);
        world.violate(Violation { rule: "every shutdown returns", text });
    }
}
