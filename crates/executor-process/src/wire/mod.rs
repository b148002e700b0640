//! How the two ends of a socket talk.

mod frame;
mod message;

pub(crate) use frame::{FrameError, Frames, write};
pub(crate) use message::{Ending, FromChild, Order, ToChild, VERSION, Welcome};
