//! The code that runs in a child process.

mod dispatcher;
mod init;
mod kill;
mod serve;

pub use init::init;
pub(crate) use init::{CHILD_ENV_VAR, is_child, registered_tasks};
