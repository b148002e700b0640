//! The protocol between the pool and its children.

mod frame;
mod message;

pub(crate) use frame::{FrameDecoder, FrameError, encode_frame};
pub(crate) use message::{FromChild, Handshake, RunRequest, RunResult, ToChild, VERSION};
