//! The reference to the scheduler in the state that runs can access.

use std::sync::Weak;

use crate::lifecycle::Engine;

/// Reference to the engine, stored in the `AppData` of each run. It is weak, because the engine owns that data.
pub(super) struct SchedulerRef(pub Weak<Engine>);
