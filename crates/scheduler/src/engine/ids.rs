//! Names that nobody else has: of this node, and of its runs.

use parking_lot::Mutex;
use punctual_core::{NodeId, RunId};

/// Where they come from: the machine's randomness, or a seed of a simulation's.
#[derive(Default)]
pub(crate) struct Ids(Option<Mutex<fastrand::Rng>>);

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(seed.map(|seed| Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    pub(super) fn node(&self) -> NodeId {
        match &self.0 {
            None => NodeId::random(),
            Some(seeded) => NodeId::new(format!("{:032x}", seeded.lock().u128(..)))
                .expect("digits are a name"),
        }
    }

    /// Where a sequence of runs begins.
    pub(super) fn run(&self) -> RunId {
        match &self.0 {
            None => RunId::random(),
            Some(seeded) => RunId::from_u128(seeded.lock().u128(..)),
        }
    }
}
