//! The builder of a process pool.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{ExecutorError, OutputLine};

use crate::ProcessPoolExecutor;
use crate::options::Options;

impl ProcessPoolExecutor {
    /// Creates a pool of `processes` children, at least one. Each is started when it is needed.
    #[must_use]
    pub fn new(processes: usize) -> Self {
        Self::with_options(Self::builder().processes(processes.max(1)).options)
    }

    /// Returns a builder with the default options.
    pub fn builder() -> ProcessPoolExecutorBuilder {
        ProcessPoolExecutorBuilder::new()
    }
}

impl Default for ProcessPoolExecutor {
    /// Creates a pool with one child per available processor.
    fn default() -> Self {
        Self::with_options(Self::builder().options)
    }
}

/// The options of a pool. They are checked by [`build`](Self::build).
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
pub struct ProcessPoolExecutorBuilder {
    pub(crate) options: Options,
}

impl ProcessPoolExecutorBuilder {
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
                max_message_bytes: 16 << 20,
                env_clear: false,
                env: Vec::new(),
                current_dir: None,
                args: Vec::new(),
                on_output: Arc::new(|line: &OutputLine<'_>| line.log()),
            },
        }
    }

    /// The maximum number of child processes, each of which executes one run at a time: 1 to 1024. Default: the number
    /// of available processors.
    pub fn processes(mut self, processes: usize) -> Self {
        self.options.processes = processes;
        self
    }

    /// Starts all children when the executor starts, which waits for them and fails if one of them fails. Default: each
    /// child is started when it is needed.
    pub fn eager(mut self) -> Self {
        self.options.eager = true;
        self
    }

    /// Replaces each child after `runs` runs, at least one. Useful for tasks that leak memory. Default: no limit.
    pub fn recycle_after(mut self, runs: u64) -> Self {
        self.options.recycle_after = Some(runs);
        self
    }

    /// Replaces a child whose resident memory exceeds `bytes` after a run; at least 1 MiB. The memory is checked at
    /// most ten times a second. Linux only. Default: no limit.
    pub fn recycle_memory(mut self, bytes: u64) -> Self {
        self.options.recycle_memory = Some(bytes);
        self
    }

    /// The maximum number of bytes that a child may allocate (`RLIMIT_DATA`), including the stacks of its threads (8
    /// MiB for that of its job thread); at least 1 MiB. An allocation beyond that fails, which aborts the child
    /// (`SIGABRT`) unless the task handles the error. Linux only. Default: no limit.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.options.memory_limit = Some(bytes);
        self
    }

    /// The maximum duration of a run. When it has elapsed, the child is killed. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How long to wait for a run to finish after it has been cancelled (`JobContext::cancelled`), which happens when
    /// the timeout of a shutdown has elapsed. Then its child is killed. Default: 5 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// The nice value of the children, in addition to that of this process: 0 to 19. Default: 0.
    pub fn nice(mut self, nice: i32) -> Self {
        self.options.nice = nice;
        self
    }

    /// The maximum size in bytes of the arguments or the result of a run: 1 KiB to 128 MiB. Default: 16 MiB.
    pub fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.options.max_message_bytes = bytes;
        self
    }

    /// Sets an environment variable of the children, in addition to those inherited from this process.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.options.env.push((name.into(), value.into()));
        self
    }

    /// Starts the children with an empty environment: they have only the variables set by [`env`](Self::env), before or
    /// after this call.
    pub fn env_clear(mut self) -> Self {
        self.options.env_clear = true;
        self
    }

    /// The working directory of the children. Default: that of this process.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.current_dir = Some(directory.into());
        self
    }

    /// The command-line arguments of the children. Default: none. Tests need them, because the program is the test
    /// harness there: the arguments select the test that calls [`init`](crate::init).
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.options.args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Calls `listener` with each line that jobs print. It is called on the pool's only thread and must not block,
    /// because that delays the messages of all children. Default: [`OutputLine::log`], which logs
    /// them by `tracing` with the target `punctual::output`, or writes them to the same stream of this process if no
    /// subscriber is installed.
    pub fn on_output(mut self, listener: impl Fn(&OutputLine<'_>) + Send + Sync + 'static) -> Self {
        self.options.on_output = Arc::new(listener);
        self
    }

    /// Creates the executor.
    ///
    /// # Errors
    ///
    /// Returns [`ExecutorError::Option`] for the first invalid option.
    pub fn build(self) -> Result<ProcessPoolExecutor, ExecutorError> {
        let options = &self.options;
        let check = |valid: bool, field, value: &dyn fmt::Display, reason| match valid {
            true => Ok(()),
            false => Err(ExecutorError::option(field, value, reason)),
        };
        let Options { processes, nice, max_message_bytes, .. } = options;
        check((1..=1024).contains(processes), "processes", processes, "it must be from 1 to 1024")?;
        check((0..=19).contains(nice), "nice", nice, "it must be from 0 to 19")?;
        let sizes = 1 << 10..=128 << 20;
        let reason = "it must be from 1 KiB to 128 MiB";
        check(sizes.contains(max_message_bytes), "max_message_bytes", max_message_bytes, reason)?;
        check(options.recycle_after != Some(0), "recycle_after", &0, "it must be at least 1")?;
        check(options.timeout != Some(Duration::ZERO), "timeout", &0, "it must be more than 0")?;
        for (field, bytes) in
            [("recycle_memory", options.recycle_memory), ("memory_limit", options.memory_limit)]
        {
            let Some(bytes) = bytes else { continue };
            check(cfg!(target_os = "linux"), field, &bytes, "it can be limited on Linux only")?;
            check(bytes >= 1 << 20, field, &bytes, "it must be at least 1 MiB")?;
        }
        Ok(ProcessPoolExecutor::with_options(self.options))
    }
}

impl fmt::Debug for ProcessPoolExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.options.fmt(f)
    }
}
