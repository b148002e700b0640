//! Traits and data of the Punctual job scheduler: what stores, executors, triggers and schedulers
//! agree on.

mod codec;
mod time;
mod trigger;

pub use time::{
    Clock, IntoZone, SystemClock, Timestamp, Zone, ZoneDatabase, ZoneError, ZoneOffset,
};
pub use trigger::{
    IntoTrigger, Trigger, TriggerDefaults, TriggerError, TriggerRegistry, TriggerSpec,
};
