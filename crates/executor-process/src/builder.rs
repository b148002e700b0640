//! How a pool is described, and made.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::ExecutorError;

use crate::ProcessPoolExecutor;
use crate::options::Options;
use crate::output::{OutputLine, trace};

impl ProcessPoolExecutor {
    /// Runs jobs in so many children, at least one, each started when there is work for it.
    #[must_use]
    pub fn new(processes: usize) -> Self {
        Self::of(Self::builder().processes(processes.max(1)).options)
    }

    /// A pool with options.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::new()
    }
}

impl Default for ProcessPoolExecutor {
    /// As many children as there are processors.
    fn default() -> Self {
        Self::of(Self::builder().options)
    }
}

/// Describes a pool; everything is checked once, by [`build`](Self::build).
///
/// ```
/// use punctual_executor_process::ProcessPoolExecutor;
/// use std::time::Duration;
///
/// let executor = ProcessPoolExecutor::builder()
///     .processes(4)
///     .timeout(Duration::from_secs(600))
///     .recycle_after(1_000)
///     .nice(10)
///     .build()?;
/// # Ok::<(), punctual_core::ExecutorError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ProcessPoolBuilder {
    pub(crate) options: Options,
}

impl ProcessPoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            options: Options {
                processes: std::thread::available_parallelism().map_or(1, usize::from),
                eager: false,
                recycle_after: None,
                recycle_memory: None,
                memory_limit: None,
                timeout: None,
                grace: Duration::from_secs(5),
                nice: 0,
                max_message: 16 << 20,
                env_clear: false,
                env: Vec::new(),
                current_dir: None,
                args: Vec::new(),
                on_output: Arc::new(trace),
            },
        }
    }

    /// How many child processes there may be, each with one run at a time; as many as there are processors
    /// without it.
    pub fn processes(mut self, processes: usize) -> Self {
        self.options.processes = processes;
        self
    }

    /// Starts all children when the executor starts, which waits for them and fails if they do. Without it
    /// each is started when there is work for it.
    pub fn eager(mut self) -> Self {
        self.options.eager = true;
        self
    }

    /// Replaces each child after so many runs, at least one: for tasks that leak.
    pub fn recycle_after(mut self, runs: u64) -> Self {
        self.options.recycle_after = Some(runs);
        self
    }

    /// Replaces a child whose resident memory is more than so many bytes after a run. Looked at ten times
    /// a second at most. On Linux only.
    pub fn recycle_memory(mut self, bytes: u64) -> Self {
        self.options.recycle_memory = Some(bytes);
        self
    }

    /// How many bytes of memory a child may allocate in all (`RLIMIT_DATA`), with the stacks of its threads: 8 MiB
    /// for that of its jobs. An allocation beyond that fails, which ends the child (`SIGABRT`) unless the task
    /// deals with it. On Linux only.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.options.memory_limit = Some(bytes);
        self
    }

    /// How long a run may take; then its child is killed. Without it, as long as it likes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How long a run may go on that has been asked to end (`JobContext::cancelled`), by a shutdown whose
    /// time is up; then its child is killed. 5 seconds without it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// How much nicer than this process the children are: 0, the default, to 19.
    pub fn nice(mut self, nice: i32) -> Self {
        self.options.nice = nice;
        self
    }

    /// How many bytes a run's arguments or its result may take; 16 MiB without it, at least 1 KiB and at
    /// most 128 MiB.
    pub fn max_message(mut self, bytes: usize) -> Self {
        self.options.max_message = bytes;
        self
    }

    /// Sets an environment variable of the children. They have this process's otherwise.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.options.env.push((name.into(), value.into()));
        self
    }

    /// The children inherit no environment: they have only the variables that are set here, before or after this
    /// call.
    pub fn env_clear(mut self) -> Self {
        self.options.env_clear = true;
        self
    }

    /// The working directory of the children; this process's without it.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.current_dir = Some(directory.into());
        self
    }

    /// The arguments of the children's command line; none without it. Tests need them: the program is the
    /// test harness there, and has to be told which of its tests calls [`init`](crate::init).
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.options.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Calls `listener` with each line that jobs print, on the pool's only thread: it must not block, as it
    /// holds up what all children report.
    /// Without it, lines go to `tracing` at the target `punctual::output`.
    pub fn on_output(mut self, listener: impl Fn(&OutputLine<'_>) + Send + Sync + 'static) -> Self {
        self.options.on_output = Arc::new(listener);
        self
    }

    /// Makes the executor.
    ///
    /// # Errors
    ///
    /// For the first option that is not valid.
    pub fn build(self) -> Result<ProcessPoolExecutor, ExecutorError> {
        let options = &self.options;
        let check = |valid: bool, field, value: &dyn fmt::Display, reason| match valid {
            true => Ok(()),
            false => Err(ExecutorError::Option { field, value: value.to_string(), reason }),
        };
        let Options { processes, nice, max_message, .. } = options;
        check((1..=1024).contains(processes), "processes", processes, "it must be from 1 to 1024")?;
        check((0..=19).contains(nice), "nice", nice, "it must be from 0 to 19")?;
        let sizes = 1 << 10..=128 << 20;
        let reason = "it must be from 1 KiB to 128 MiB";
        check(sizes.contains(max_message), "max_message", max_message, reason)?;
        check(options.recycle_after != Some(0), "recycle_after", &0, "it must be at least 1")?;
        check(options.timeout != Some(Duration::ZERO), "timeout", &0, "it must be more than 0")?;
        for (field, bytes) in
            [("recycle_memory", options.recycle_memory), ("memory_limit", options.memory_limit)]
        {
            let Some(bytes) = bytes else { continue };
            check(cfg!(target_os = "linux"), field, &bytes, "it can be limited on Linux only")?;
            check(bytes >= 1 << 20, field, &bytes, "it must be at least 1 MiB")?;
        }
        Ok(ProcessPoolExecutor::of(self.options))
    }
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
