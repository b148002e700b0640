//! Chance, which can be had again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use punctual_testkit::StoreCall;

/// When it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Before the store hears of it.
    Before,
    /// In the middle.
    During,
    /// When it has been carried out: the answer is lost.
    After,
}

/// Decides what goes wrong.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<State>);

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    calm: bool,
    /// How often commits have gone wrong, and when.
    struck: BTreeMap<Fault, u32>,
}

impl Dice {
    /// With the seed that `PUNCTUAL_SEED` names, or any. It is printed, to have the same again.
    pub(crate) fn new() -> Self {
        let seed = std::env::var("PUNCTUAL_SEED").map_or_else(
            |_| fastrand::u64(..),
            |seed| seed.parse().expect("PUNCTUAL_SEED is a number"),
        );
        println!("PUNCTUAL_SEED={seed}");
        // The scheduler's own chance is this thread's.
        fastrand::seed(seed);
        let random = fastrand::Rng::with_seed(seed);
        Self(Mutex::new(State { random, calm: true, struck: BTreeMap::new() }))
    }

    pub(crate) fn calm(&self, calm: bool) {
        self.state().calm = calm;
    }

    /// A commit fails before, during and after with probability 0.2 each; other calls more seldom, or the
    /// scheduler would hardly come to commit anything.
    pub(crate) fn throw(&self, call: StoreCall) -> Option<Fault> {
        let probability = match call {
            StoreCall::Commit => 0.2,
            StoreCall::Shutdown => 0.0,
            _ => 0.05,
        };
        let mut state = self.state();
        if state.calm {
            return None;
        }
        match state.random.f64() / probability {
            ..1.0 => Some(Fault::Before),
            ..2.0 => Some(Fault::During),
            ..3.0 => Some(Fault::After),
            _ => None,
        }
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.state().random.usize(..end)
    }

    /// A call has gone wrong.
    pub(crate) fn struck(&self, call: StoreCall, fault: Fault) {
        if call == StoreCall::Commit {
            *self.state().struck.entry(fault).or_default() += 1;
        }
    }

    /// How often commits have gone wrong, and when.
    pub(crate) fn tally(&self) -> BTreeMap<Fault, u32> {
        self.state().struck.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the dice")
    }
}
