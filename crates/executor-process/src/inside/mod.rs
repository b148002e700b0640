//! What happens in a child process.

mod desk;
mod die;
mod init;
mod serve;

pub use init::init;
pub(crate) use init::{VARIABLE, is_child, known};
