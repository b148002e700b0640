//! Instants, zones and clocks.
//!
//! An instant is a [`Timestamp`]: whole microseconds since the Unix epoch, in UTC. A time zone is a
//! [`Zone`], known by its IANA name. Civil (wall clock) time is resolved to an instant last and is
//! never stepped through. What time it is comes from a [`Clock`].

mod clock;
mod timestamp;
mod zone;

pub use clock::{Clock, SystemClock};
pub use timestamp::Timestamp;
pub use zone::{CivilOffset, IntoZone, Zone, ZoneDatabase, ZoneError, ZoneOffset, ZoneSpan};
