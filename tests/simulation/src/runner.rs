//! Executes a script.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{DynJobStore, HistoryRecordQuery, StoredJob};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::check::{Counts, Violation};
use crate::process::Process;
use crate::script::{Script, Step};
use crate::simulation::Simulation;
use crate::user;

/// The result of a script.
#[derive(Clone, Debug)]
pub struct ScriptOutcome {
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
pub fn run_script(script: &Script, traced: bool) -> ScriptOutcome {
    fastrand::seed(script.seed);
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let simulation = Simulation::new(script.clone(), traced);
        let mut runner = ScriptRunner {
            simulation: Arc::clone(&simulation),
            all: Vec::new(),
            tasks: JoinSet::new(),
        };
        runner.run().await;
        for process in &runner.all {
            process.drop_scheduler();
        }
        let counts = simulation.counts();
        ScriptOutcome { violation: simulation.violated(), trace: simulation.take_trace(), counts }
    })
}

struct ScriptRunner {
    simulation: Arc<Simulation>,
    /// All processes so far; the last one of a machine is its current process.
    all: Vec<Arc<Process>>,
    tasks: JoinSet<()>,
}

impl ScriptRunner {
    async fn run(&mut self) {
        let script = self.simulation.script.clone();
        for machine in 0..script.machines.len() {
            self.start(machine);
        }
        for (at, step) in &script.steps {
            self.simulation.until(*at).await;
            if self.simulation.violated().is_some() {
                return;
            }
            self.simulation.trace(|| format!("{step:?}"));
            self.make(step);
        }
        self.simulation.until(script.faults_until).await;
        self.disable_faults();
        let quiet = script.lease * 3 + script.retry * 2 + script.poll + 15_000;
        crate::time::pause(quiet).await;
        if self.simulation.violated().is_some() {
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
        self.simulation.violate(Violation { rule, text });
    }

    fn present(&self, machine: usize) -> Option<Arc<Process>> {
        let last = self.all.iter().rev().find(|process| process.machine == machine)?;
        (!last.gate.was_killed() && !last.is_exiting()).then(|| Arc::clone(last))
    }

    fn start(&mut self, machine: usize) {
        if self.present(machine).is_none() {
            let there = self.all.iter().filter(|process| process.machine == machine);
            let predecessors = there.cloned().collect();
            let process = Process::spawn(&self.simulation, self.all.len(), machine, predecessors);
            self.all.push(process);
        }
    }

    fn make(&mut self, step: &Step) {
        let simulation = &self.simulation;
        match step {
            Step::Start { machine } => self.start(*machine),
            Step::Outage { machine, how, time } => simulation.begin_outage(*machine, *how, *time),
            Step::Jump { machine, by } => {
                simulation.clocks[*machine].jump(i64::from(*by) * 1_000);
                simulation.check_all(|check, now| {
                    check.jumped(*machine, i64::from(*by) * 1_000, now);
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
        let simulation = Arc::clone(&self.simulation);
        match step.clone() {
            Step::Kill { .. } => {
                // Drains the events that the process has emitted so far.
                simulation.check(&process, |check, _| {
                    check.killed(process.number);
                    Ok(())
                });
                simulation.check_retries(|check, _| {
                    check.killed(process.number);
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
                process.begin_exit();
                shut_down(&simulation, &process, wait).await;
            }),
            Step::Restart { wait, .. } => self.spawn(process, async move |process| {
                shut_down(&simulation, &process, wait).await;
                process.start(&simulation).await;
            }),
            Step::Pause { .. } => drop(process.scheduler().pause()),
            Step::Resume { .. } => drop(process.scheduler().resume()),
            Step::User { job, what, .. } => self.spawn(process, async move |process| {
                process.gate.pass().await;
                user::perform(&simulation, &process, job, &what).await;
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
                () = process.gate.wait_until_killed() => {}
                () = work => {}
            }
        });
    }

    /// Disables all faults and starts a process on each machine.
    fn disable_faults(&mut self) {
        self.simulation.trace(|| "no more faults from now on".to_owned());
        self.simulation.disable_faults();
        for process in &self.all {
            process.gate.go_on();
            drop(process.scheduler().resume());
        }
        if (0..self.simulation.script.machines.len()).all(|machine| self.present(machine).is_none())
        {
            self.start(0);
        }
    }

    async fn stored_jobs(&self) -> Vec<StoredJob> {
        let page = self.simulation.store.list(None, 10_000).await.expect("the jobs");
        page.records.iter().filter_map(|record| self.simulation.stored(&record.id)).collect()
    }

    /// Checks the stored jobs, shuts all processes down, and checks the final state.
    async fn settle(&mut self) {
        let simulation = Arc::clone(&self.simulation);
        let poll = i64::from(simulation.script.poll) * 1_000;
        let running: Vec<_> = (0..simulation.script.machines.len())
            .filter_map(|machine| self.present(machine))
            .collect();
        for process in &running {
            simulation.check(process, |_, _| Ok(()));
        }
        let jobs = self.stored_jobs().await;
        simulation.check_all(|check, now| check.check_quiescent(&jobs, poll, now));
        if simulation.script.has_retries {
            simulation.check_retries(|check, now| check.check_quiescent(&jobs, poll, now));
            crate::time::pause(500).await;
            let jobs = self.stored_jobs().await;
            simulation.check_retries(|check, now| check.check_quiescent(&jobs, poll, now));
        }
        for process in running {
            let simulation = Arc::clone(&simulation);
            self.spawn(process, async move |process| end(&simulation, &process, 1_000).await);
        }
        while self.tasks.join_next().await.is_some() {}
        for process in &self.all {
            simulation.check(process, |_, _| Ok(()));
        }
        let mut query = HistoryRecordQuery::new();
        query.limit = usize::MAX >> 1;
        let history = simulation.store.read_history(&query).await.expect("the history").records;
        simulation.check_all(|check, _| check.check_final_state(&history));
    }
}

/// Shuts a process down as a user does.
async fn shut_down(simulation: &Arc<Simulation>, process: &Process, wait: u32) {
    process.gate.pass().await;
    simulation.check(process, |check, _| {
        check.shuts_down(process.session());
        Ok(())
    });
    end(simulation, process, wait).await;
}

async fn end(simulation: &Arc<Simulation>, process: &Process, wait: u32) {
    let stops = simulation.script.steps.iter().map(|(_, step)| match step {
        Step::Stop { machine, time } if *machine == process.machine => *time,
        _ => 0,
    });
    let most = wait.max(5_000) * 3 + SHUTDOWN + stops.sum::<u32>();
    let scheduler = process.scheduler();
    let ended = scheduler.shutdown_timeout(Duration::from_millis(wait.into()));
    let ended = timeout(Duration::from_millis(most.into()), ended).await;
    simulation.trace_process(process, || {
        format!("has shut down: {:?}", ended.as_ref().map(Result::is_ok))
    });
    if ended.is_err() {
        let text = format!("process {} after {most} ms", process.number);
        simulation.violate(Violation { rule: "every shutdown returns", text });
    }
}
