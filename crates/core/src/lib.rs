//! Traits and data of the Punctual job scheduler: what stores, executors, triggers and schedulers
//! agree on.

mod codec;
mod time;
mod trigger;

pub use time::{
    CivilOffset, Clock, IntoZone, SystemClock, Timestamp, Zone, ZoneDatabase, ZoneError,
    ZoneOffset, ZoneSpan,
};
pub use trigger::{
    IntoTrigger, Jitter, Trigger, TriggerDefaults, TriggerError, TriggerRegistry, TriggerSpec,
};
