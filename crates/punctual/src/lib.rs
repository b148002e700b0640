//! A job scheduler: functions run on time, once, whatever store keeps them.

#[doc(hidden)]
pub use punctual_core::private;
