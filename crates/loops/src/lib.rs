//! Schedulers of Punctual for programs with a loop, whose jobs run on the thread of that loop.
//!
//! Most programs depend on the facade crate, `punctual`. The scheduler itself has its own thread, as a
//! [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) does, so that calls to stores don't block the loop.

mod attached;
#[cfg(all(unix, feature = "calloop"))]
mod calloop_scheduler;
mod error;
#[cfg(feature = "glib")]
mod glib_scheduler;
mod local;
mod parts;
#[cfg(feature = "qt")]
mod qt_scheduler;
#[cfg(all(unix, feature = "descriptor"))]
mod reactor;
#[cfg(feature = "winit")]
mod winit_scheduler;

/// Defines the event loop to which a [`CalloopScheduler`] is attached.
#[cfg(all(unix, feature = "calloop"))]
#[doc(no_inline)]
pub use ::calloop;
/// Defines the main context to which a [`GlibScheduler`] is attached.
#[cfg(feature = "glib")]
#[doc(no_inline)]
pub use ::glib;
/// Defines the event loop to which a [`WinitScheduler`] is attached.
#[cfg(feature = "winit")]
#[doc(no_inline)]
pub use ::winit;
pub use attached::AttachedLoop;
#[cfg(all(unix, feature = "calloop"))]
pub use calloop_scheduler::CalloopScheduler;
pub use error::LoopError;
#[cfg(feature = "glib")]
pub use glib_scheduler::GlibScheduler;
pub use local::LocalScheduler;
#[cfg(feature = "qt")]
pub use qt_scheduler::QtScheduler;
#[cfg(all(unix, feature = "descriptor"))]
pub use reactor::{ReactorLoop, ReactorScheduler};
#[cfg(feature = "winit")]
pub use winit_scheduler::WinitScheduler;
