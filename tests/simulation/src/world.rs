//! What all processes share: the store, the time, chance, and whoever looks whether all goes well.

use std::ops::Range;
use std::sync::Arc;

use fastrand::Rng;
use parking_lot::Mutex;
use punctual_core::{Event, JobContext, Timestamp};
use punctual_store_memory::MemoryJobStore;

use crate::check::{Check, Violation};
use crate::process::Process;
use crate::script::{Outage, Script};
use crate::time::{MachineClock, TrueTime, at, shown};

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) script: Script,
    pub(crate) time: TrueTime,
    pub(crate) clocks: Vec<MachineClock>,
    /// What is stored, whatever happens on the way there.
    pub(crate) store: MemoryJobStore,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rng: Rng,
    healed: bool,
    outages: Vec<(Option<usize>, Outage, i64)>,
    trace: Option<Vec<String>>,
    check: Check,
    violation: Option<Violation>,
}

impl World {
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
                healed: false,
                outages: Vec::new(),
                trace: traced.then(Vec::new),
                check: Check::new(&script),
                violation: None,
            }),
            script,
        })
    }

    /// Whether it happens, of a thousand times so many.
    pub(crate) fn strikes(&self, of_a_thousand: u16) -> bool {
        let mut state = self.state.lock();
        of_a_thousand > 0 && !state.healed && state.rng.u16(..1_000) < of_a_thousand
    }

    pub(crate) fn random(&self, range: Range<u32>) -> u32 {
        self.state.lock().rng.u32(range)
    }

    pub(crate) fn is_endless(&self, process: &Process) -> bool {
        self.strikes(self.script.machines[process.machine].executor.endless)
    }

    /// From now on nothing goes wrong.
    pub(crate) fn heal(&self) {
        self.state.lock().healed = true;
    }

    pub(crate) fn begin_outage(&self, machine: Option<usize>, how: Outage, millis: u32) {
        let until = self.time.elapsed() + i64::from(millis) * 1_000;
        let until = until.min(i64::from(self.script.heal_at) * 1_000);
        self.state.lock().outages.push((machine, how, until));
    }

    /// The outage that a machine's calls are in, and for how many more milliseconds.
    pub(crate) fn outage(&self, machine: usize) -> Option<(Outage, u32)> {
        let state = self.state.lock();
        let now = self.time.elapsed();
        let is_in = |&&(of, _, until): &&(Option<usize>, Outage, i64)| {
            of.is_none_or(|of| of == machine) && now < until
        };
        let &(_, how, until) = state.outages.iter().find(is_in).filter(|_| !state.healed)?;
        Some((how, u32::try_from((until - now) / 1_000).unwrap_or(u32::MAX) + 1))
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        self.time.now()
    }

    /// Writes a line into the trace, if there is one.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        let now = shown(self.now());
        let mut state = self.state.lock();
        if let Some(trace) = &mut state.trace {
            trace.push(format!("{now:>9.3}  {}", line()));
        }
    }

    /// Writes down what a process does.
    pub(crate) fn tell(&self, process: &Process, line: impl FnOnce() -> String) {
        self.note(|| format!("{} on {}: {}", process.number, process.machine, line()));
    }

    /// Lets the check see something, after all that the process has told so far.
    pub(crate) fn check(
        &self,
        process: &Process,
        look: impl FnOnce(&mut Check, Timestamp) -> Result<(), Violation>,
    ) {
        let now = self.now();
        let events = self.events(process);
        let mut state = self.state.lock();
        for event in events {
            let seen = state.check.event(process, &event, now);
            state.note(seen);
        }
        let seen = look(&mut state.check, now);
        state.note(seen);
    }

    /// What a process has told since it was asked last; the dead tell nothing.
    fn events(&self, process: &Process) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(stream) = &mut *process.events.lock() {
            while let Some(event) = stream.try_next() {
                self.tell(process, || format!("tells {}", crate::show::event(&event)));
                events.push(event);
            }
        }
        events
    }

    /// Looks at something that no process does.
    pub(crate) fn check_all(
        &self,
        look: impl FnOnce(&mut Check, Timestamp) -> Result<(), Violation>,
    ) {
        let now = self.now();
        let mut state = self.state.lock();
        let seen = look(&mut state.check, now);
        state.note(seen);
    }

    /// A run begins.
    pub(crate) fn began(&self, process: &Process, context: &JobContext) {
        self.tell(process, || format!("begins {}", crate::show::run(context)));
        let record = self.stored(context.job_id());
        let shown =
            process.scheduler().health().job_stores.first().map_or(0, |s| s.clock_offset_micros);
        let slot_time =
            punctual_core::Clock::now(&self.clocks[process.machine]).saturating_add_micros(shown);
        self.check(process, |check, now| check.began(process, context, record, now, slot_time));
    }

    /// Its work is done.
    pub(crate) fn ended(&self, process: &Process, context: &JobContext) {
        self.tell(process, || format!("ends {}", crate::show::run(context)));
        // When the shutdown has lost its patience with it, nobody need hear of it any more.
        if !context.is_cancelled() {
            self.check(process, |check, _| check.worked(process, context));
        }
    }

    pub(crate) fn violated(&self) -> Option<Violation> {
        self.state.lock().violation.clone()
    }

    pub(crate) fn violate(&self, violation: Violation) {
        self.state.lock().note(Err(violation));
    }

    pub(crate) fn take_trace(&self) -> Vec<String> {
        self.state.lock().trace.take().unwrap_or_default()
    }

    /// So many milliseconds after the beginning, when that has not passed.
    pub(crate) async fn until(&self, millis: u32) {
        let left = at(millis).saturating_since(self.now());
        crate::time::pause(u32::try_from(left.as_millis()).unwrap_or(u32::MAX)).await;
    }
}

impl State {
    /// The first violation counts.
    fn note(&mut self, seen: Result<(), Violation>) {
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
