//! Metrics, through the facade of the crate `metrics`. Without the feature of this name, all functions are empty.

#[cfg(not(feature = "metrics"))]
mod disabled;
#[cfg(all(test, feature = "metrics"))]
mod guide_tests;
#[cfg(feature = "metrics")]
mod recorded;

#[cfg(not(feature = "metrics"))]
pub(crate) use self::disabled::*;
#[cfg(feature = "metrics")]
pub(crate) use self::recorded::*;

use std::time::Duration;

use punctual_core::{Alias, ExecutorLoad, Timestamp};

/// The values of the gauges, collected at each tick.
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "read by the feature only"))]
pub(crate) struct Gauges {
    pub last_tick: Timestamp,
    pub active_runs: usize,
    pub queued_events: usize,
    pub executors: Vec<(Alias, ExecutorLoad)>,
    pub stores: Vec<StoreGauges>,
}

/// The values of the gauges of a store.
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "read by the feature only"))]
pub(crate) struct StoreGauges {
    pub alias: Alias,
    pub is_up: bool,
    pub lag: Duration,
}
