//! Chance, which can be had again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use punctual_testkit::StoreCall;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// It never reaches the store.
    Before,
    /// It is broken off after so many steps.
    During(usize),
    /// It is carried out, and the answer is lost.
    After,
}

/// Decides what goes wrong.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<State>);

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    calm: bool,
    /// How often what went wrong; [`Fault::During`] any number of steps.
    struck: BTreeMap<&'static str, u32>,
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
        let chance = state.random.f64();
        let (fault, name) = if chance < probability {
            (Fault::Before, "before")
        } else if chance < 2.0 * probability {
            (Fault::During(state.random.usize(1..8)), "during")
        } else if chance < 3.0 * probability {
            (Fault::After, "after")
        } else {
            return None;
        };
        if call == StoreCall::Commit {
            *state.struck.entry(name).or_default() += 1;
        }
        Some(fault)
    }

    /// How many commits failed, and how.
    pub(crate) fn struck(&self) -> BTreeMap<&'static str, u32> {
        self.state().struck.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("the dice")
    }
}
