//! Reproducible random faults.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use punctual_testkit::StoreCall;

/// The point at which a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Before the call reaches the store.
    Before,
    /// In the middle of the call.
    During,
    /// After the call was applied: the response is lost.
    After,
}

/// Decides which calls fail.
#[derive(Debug)]
pub(crate) struct FaultInjector(Mutex<State>);

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    paused: bool,
    /// The number of failed commits by fault.
    failed_commits: BTreeMap<Fault, u32>,
}

impl FaultInjector {
    /// Uses the seed in `PUNCTUAL_SEED`, or a random one. The seed is printed so that a failure can be reproduced.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("PUNCTUAL_SEED").map_or_else(
            |_| fastrand::u64(..),
            |seed| seed.parse().expect("PUNCTUAL_SEED is not a number"),
        );
        println!("PUNCTUAL_SEED={seed}");
        // The scheduler draws its random numbers from the generator of this thread.
        fastrand::seed(seed);
        let random = fastrand::Rng::with_seed(seed);
        Self(Mutex::new(State { random, paused: true, failed_commits: BTreeMap::new() }))
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.state().paused = paused;
    }

    /// A commit fails before, during and after the call with probability 0.2 each. Other calls fail less often;
    /// otherwise the scheduler would rarely reach a commit.
    pub(crate) fn next_fault(&self, call: StoreCall) -> Option<Fault> {
        let probability = match call {
            StoreCall::Commit => 0.2,
            StoreCall::Shutdown => 0.0,
            _ => 0.05,
        };
        let mut state = self.state();
        if state.paused {
            return None;
        }
        match state.random.f64() / probability {
            ..1.0 => Some(Fault::Before),
            ..2.0 => Some(Fault::During),
            ..3.0 => Some(Fault::After),
            _ => None,
        }
    }

    /// Returns a random number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.state().random.usize(..end)
    }

    /// Records that a call has failed.
    pub(crate) fn record(&self, call: StoreCall, fault: Fault) {
        if call == StoreCall::Commit {
            *self.state().failed_commits.entry(fault).or_default() += 1;
        }
    }

    /// Returns the number of failed commits by fault.
    pub(crate) fn failed_commits(&self) -> BTreeMap<Fault, u32> {
        self.state().failed_commits.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the state of the fault injector")
    }
}
