//! The state that all processes share: the store, the time, the random number generator, and the invariant checker.

use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use parking_lot::Mutex;
use punctual_core::{Event, JobContext, Timestamp};
use punctual_store_memory::MemoryJobStore;

use crate::check::{Counts, InvariantChecker, RetryChecker, Violation};
use crate::process::Process;
use crate::script::{Outage, Script};
use crate::time::{MachineClock, TrueTime, at, seconds};

#[derive(Debug)]
pub(crate) struct Simulation {
    pub(crate) script: Script,
    pub(crate) time: TrueTime,
    pub(crate) clocks: Vec<MachineClock>,
    /// The store itself, behind the simulated connections.
    pub(crate) store: MemoryJobStore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    faults_disabled: bool,
    outages: Vec<(Option<usize>, Outage, i64)>,
    trace: Option<Vec<String>>,
    check: InvariantChecker,
    /// Checks scripts with retries instead.
    retries: Option<RetryChecker>,
    violation: Option<Violation>,
}

impl Simulation {
    pub(crate) fn new(script: Script, traced: bool) -> Arc<Self> {
        let time = TrueTime::begin();
        let clock = |machine: &crate::script::Machine| {
            let ahead = i64::from(machine.ahead) * 1_000;
            MachineClock::new(time, ahead, machine.drift.into(), script.store_clock)
        };
        Arc::new(Self {
            time,
            clocks: script.machines.iter().map(clock).collect(),
            store: MemoryJobStore::new(),
            state: Mutex::new(State {
                rng: Rng::with_seed(!script.seed),
                faults_disabled: false,
                outages: Vec::new(),
                trace: traced.then(Vec::new),
                check: InvariantChecker::new(&script),
                retries: script.has_retries.then(|| RetryChecker::new(&script)),
                violation: None,
            }),
            script,
        })
    }

    /// Returns `true` with this probability, per thousand.
    pub(crate) fn roll_permille(&self, of_a_thousand: u16) -> bool {
        let mut state = self.state.lock();
        of_a_thousand > 0 && !state.faults_disabled && state.rng.u16(..1_000) < of_a_thousand
    }

    pub(crate) fn random(&self, range: Range<u32>) -> u32 {
        self.state.lock().rng.u32(range)
    }

    pub(crate) fn is_endless(&self, process: &Process) -> bool {
        self.roll_permille(self.script.machines[process.machine].executor.endless)
    }

    /// Disables all faults from now on.
    pub(crate) fn disable_faults(&self) {
        self.state.lock().faults_disabled = true;
    }

    pub(crate) fn begin_outage(&self, machine: Option<usize>, how: Outage, millis: u32) {
        let until = self.time.elapsed() + i64::from(millis) * 1_000;
        let until = until.min(i64::from(self.script.faults_until) * 1_000);
        self.state.lock().outages.push((machine, how, until));
    }

    /// Returns the outage that affects a machine's calls, with its remaining milliseconds.
    pub(crate) fn outage(&self, machine: usize) -> Option<(Outage, u32)> {
        let state = self.state.lock();
        let now = self.time.elapsed();
        let is_in = |&&(of, _, until): &&(Option<usize>, Outage, i64)| {
            of.is_none_or(|of| of == machine) && now < until
        };
        let &(_, how, until) =
            state.outages.iter().find(is_in).filter(|_| !state.faults_disabled)?;
        Some((how, u32::try_from((until - now) / 1_000).unwrap_or(u32::MAX) + 1))
    }

    /// Returns the true time.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Appends a line to the trace, if tracing is enabled.
    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        let now = seconds(self.now());
        let mut state = self.state.lock();
        if let Some(trace) = &mut state.trace {
            trace.push(format!("{now:>9.3}  {}", line()));
        }
    }

    /// Appends a line about a process to the trace.
    pub(crate) fn trace_process(&self, process: &Process, line: impl FnOnce() -> String) {
        self.trace(|| format!("{} on {}: {}", process.number, process.machine, line()));
    }

    /// Passes an observation to the checker, after the events that the process has emitted so far.
    pub(crate) fn check(
        &self,
        process: &Process,
        look: impl FnOnce(&mut InvariantChecker, Timestamp) -> Result<(), Violation>,
    ) {
        let now = self.now();
        let events = self.events(process);
        let mut state = self.state.lock();
        for event in events {
            let seen = match &mut state.retries {
                Some(retries) => retries.event(&event),
                None => state.check.event(process, &event, now),
            };
            state.record(seen);
        }
        if state.retries.is_none() {
            let seen = look(&mut state.check, now);
            state.record(seen);
        }
    }

    /// Passes an observation to the checker of retries, if the script has any.
    pub(crate) fn check_retries(
        &self,
        look: impl FnOnce(&mut RetryChecker, Timestamp) -> Result<(), Violation>,
    ) {
        let now = self.now();
        let mut state = self.state.lock();
        if let Some(retries) = &mut state.retries {
            let seen = look(retries, now);
            state.record(seen);
        }
    }

    /// The counts of events so far.
    pub(crate) fn counts(&self) -> Counts {
        let state = self.state.lock();
        state.retries.as_ref().map_or(state.check.counts, |retries| retries.counts)
    }

    /// Returns the events of a process since the last call; none if the process was killed.
    fn events(&self, process: &Process) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(stream) = &mut *process.events.lock() {
            while let Some(event) = stream.try_next() {
                self.trace_process(process, || format!("emits {}", crate::show::event(&event)));
                events.push(event);
            }
        }
        events
    }

    /// Passes an observation that concerns no process to the checker.
    pub(crate) fn check_all(
        &self,
        look: impl FnOnce(&mut InvariantChecker, Timestamp) -> Result<(), Violation>,
    ) {
        let now = self.now();
        let mut state = self.state.lock();
        if state.retries.is_none() {
            let seen = look(&mut state.check, now);
            state.record(seen);
        }
    }

    /// A run has started.
    pub(crate) fn began(&self, process: &Process, context: &JobContext) {
        self.trace_process(process, || format!("starts {}", crate::show::run(context)));
        let record = self.stored(context.job_id());
        let offset =
            process.scheduler().health().job_stores.first().map_or(0, |s| s.clock_offset_micros);
        let store_time =
            punctual_core::Clock::now(&self.clocks[process.machine]).saturating_add_micros(offset);
        self.check(process, |check, now| check.began(process, context, record, now, store_time));
        self.check_retries(|check, now| check.began(process.number, context, now));
    }

    /// The task of a run has returned.
    pub(crate) fn ended(&self, process: &Process, context: &JobContext, has_succeeded: bool) {
        self.trace_process(process, || format!("finishes {}", crate::show::run(context)));
        // After the shutdown timeout, the completion of a run need not be reported.
        if !context.is_cancelled() {
            self.check(process, |check, _| check.worked(process, context));
        }
        self.check_retries(|check, now| {
            check.ended(process.number, context, has_succeeded, now);
            Ok(())
        });
    }

    pub(crate) fn violated(&self) -> Option<Violation> {
        self.state.lock().violation.clone()
    }

    pub(crate) fn violate(&self, violation: Violation) {
        self.state.lock().record(Err(violation));
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.state.lock().trace.take().unwrap_or_default()
    }

    /// Waits until this many milliseconds after the start, if that time has not passed.
    pub(crate) async fn until(&self, millis: u32) {
        let left = at(millis).saturating_since(self.now());
        crate::time::pause(u32::try_from(left.as_millis()).unwrap_or(u32::MAX)).await;
    }
}

impl State {
    /// Records the first violation.
    fn record(&mut self, seen: Result<(), Violation>) {
        if let Err(violation) = seen
            && self.violation.is_none()
        {
            if let Some(trace) = &mut self.trace {
                trace.push(format!("           {}: {}", violation.rule, violation.text));
            }
            self.violation = Some(violation);
        }
    }
}
