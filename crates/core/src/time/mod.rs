//! Instants, time zones and clocks.
//!
//! An instant is a [`Timestamp`]: whole microseconds since the Unix epoch. A time zone is a [`Zone`], identified by
//! its IANA name. Schedules are computed in civil (local) time, and only the result is converted to an instant. A
//! [`Clock`] provides the current time.

mod clock;
mod timestamp;
mod zone;

pub use clock::{Clock, SystemClock};
pub use timestamp::Timestamp;
pub use zone::{CivilOffset, IntoZone, Zone, ZoneDatabase, ZoneError, ZoneOffset, ZoneSpan};
