//! The scheduler among the values that runs can reach.

use std::sync::Weak;

use crate::lifecycle::Engine;

/// What every run's shared state holds.
pub(super) struct SchedulerRef(pub Weak<Engine>);
