//! The options of a pool.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::OutputLine;

/// The listener that is called with each line that jobs print.
pub(crate) type OnOutput = Arc<dyn Fn(&OutputLine<'_>) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) processes: usize,
    pub(crate) eager: bool,
    pub(crate) recycle_after: Option<u64>,
    pub(crate) recycle_memory: Option<u64>,
    pub(crate) memory_limit: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) nice: i32,
    pub(crate) max_message_bytes: usize,
    pub(crate) env_clear: bool,
    pub(crate) env: Vec<(OsString, OsString)>,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) args: Vec<OsString>,
    pub(crate) on_output: OnOutput,
}

impl fmt::Debug for Options {
    /// Omits the environment and the arguments, because they can contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("processes", &self.processes)
            .field("eager", &self.eager)
            .field("recycle_after", &self.recycle_after)
            .field("recycle_memory", &self.recycle_memory)
            .field("memory_limit", &self.memory_limit)
            .field("timeout", &self.timeout)
            .field("grace", &self.grace)
            .field("nice", &self.nice)
            .field("max_message_bytes", &self.max_message_bytes)
            .finish_non_exhaustive()
    }
}
