//! Calls a closure in Qt's event loop, for the schedulers of Punctual.
//!
//! Programs depend on `punctual` with the feature `loop-qt`. This crate is separate because it contains the only unsafe
//! code of the project: the calls of some C++ functions, which Cargo compiles with the Qt 6 or else Qt 5 that pkg-config
//! finds. `PUNCTUAL_QT_VERSION=5` or `6` chooses one.

#[cfg(feature = "qt")]
mod event_loop;
#[cfg(feature = "qt")]
mod receiver;

#[cfg(feature = "qt")]
pub use event_loop::EventLoop;
#[cfg(feature = "qt")]
pub use receiver::{Receiver, Waker};
