//! Generating node and run ids.

use parking_lot::Mutex;
use punctual_core::{NodeId, RunId};

/// Generates unique ids from the system's random source, or from a seed in simulations.
#[derive(Default)]
pub(crate) struct Ids(Option<Mutex<fastrand::Rng>>);

impl Ids {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(seed.map(|seed| Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    pub(crate) fn new_node_id(&self) -> NodeId {
        match &self.0 {
            None => NodeId::random(),
            Some(seeded) => NodeId::new(format!("{:032x}", seeded.lock().u128(..)))
                .expect("hexadecimal digits are a valid name"),
        }
    }

    /// Generates the first run id of a sequence.
    pub(crate) fn first_run_id(&self) -> RunId {
        match &self.0 {
            None => RunId::random(),
            Some(seeded) => RunId::from_u128(seeded.lock().u128(..)),
        }
    }
}
