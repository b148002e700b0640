//! The signals that stop a blocking scheduler: SIGINT (Ctrl-C) and SIGTERM.

use std::sync::LazyLock;
use std::time::Duration;
use std::{io, process, thread};

use parking_lot::Mutex;
use punctual_core::log_warning;
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::time::timeout;

/// The exit status of a process that is ended by signal `n` is this number plus `n`, as in shells.
const SIGNAL_EXIT_BASE: i32 = 128;

/// The same signal within this time is not a second one: some programs send it to the process and to its group, such as
/// `timeout` of coreutils.
const REPETITION: Duration = Duration::from_millis(200);

/// Counts the requests to stop.
static REQUESTS: LazyLock<watch::Sender<u64>> = LazyLock::new(watch::Sender::default);

static LISTENERS: Mutex<Listeners> =
    Mutex::new(Listeners { is_thread_started: false, count: 0, is_stopping: false });

/// The running schedulers that signals stop.
struct Listeners {
    is_thread_started: bool,
    count: usize,
    /// A signal has been received since the first of them was started.
    is_stopping: bool,
}

/// Receives the first signal after its creation. While one exists, a first signal does not end the process; a second one
/// does at once, unless it is the same one that was sent twice.
pub(super) struct StopSignals(watch::Receiver<u64>);

impl StopSignals {
    /// Starts listening.
    pub(super) fn listen() -> io::Result<Self> {
        let requests = REQUESTS.subscribe();
        let mut listeners = LISTENERS.lock();
        if !listeners.is_thread_started {
            // It is never stopped: handlers can't be removed, so without it signals would have no effect.
            let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
            let signals = {
                let _context = runtime.enter();
                Signals::register()?
            };
            thread::Builder::new()
                .name("punctual-signals".into())
                .spawn(move || runtime.block_on(handle(signals)))?;
            listeners.is_thread_started = true;
        }
        listeners.count += 1;
        Ok(Self(requests))
    }

    /// Waits for a signal.
    pub(super) async fn received(&mut self) {
        // Fails only if the sender is dropped, which is static.
        let _ = self.0.changed().await;
    }
}

impl Drop for StopSignals {
    fn drop(&mut self) {
        let mut listeners = LISTENERS.lock();
        listeners.count -= 1;
        if listeners.count == 0 {
            listeners.is_stopping = false;
        }
    }
}

/// Passes signals on to the schedulers.
async fn handle(mut signals: Signals) {
    loop {
        let signal = signals.next().await;
        stop_schedulers(signal);
        // It never ends by itself.
        let _ = timeout(REPETITION, signals.ignore(signal)).await;
    }
}

/// Shuts the schedulers down. Ends the process on a second signal, or if no scheduler is running.
fn stop_schedulers(signal: i32) {
    let mut listeners = LISTENERS.lock();
    if listeners.count == 0 {
        process::exit(SIGNAL_EXIT_BASE + signal);
    }
    if listeners.is_stopping {
        log_warning(&"received a second signal: the program ends without waiting for its runs");
        process::exit(SIGNAL_EXIT_BASE + signal);
    }
    listeners.is_stopping = true;
    drop(listeners);
    tracing::info!(target: "punctual::scheduler", signal, "received a signal: shutting down");
    REQUESTS.send_modify(|count| *count += 1);
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn register() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal and returns its number.
    async fn next(&mut self) -> i32 {
        use tokio::signal::unix::SignalKind;
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        kind.as_raw_value()
    }

    /// Receives this signal again and again. The other one is kept.
    async fn ignore(&mut self, signal: i32) {
        use tokio::signal::unix::SignalKind;
        let is_interrupt = signal == SignalKind::interrupt().as_raw_value();
        let repeated = if is_interrupt { &mut self.interrupt } else { &mut self.terminate };
        while repeated.recv().await.is_some() {}
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn register() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C and returns the number of SIGINT.
    async fn next(&mut self) -> i32 {
        if let Err(error) = tokio::signal::ctrl_c().await {
            log_warning(&format_args!("can't listen for Ctrl-C: {error}"));
            std::future::pending::<()>().await;
        }
        2
    }

    /// Receives Ctrl-C again and again.
    async fn ignore(&mut self, _: i32) {
        while tokio::signal::ctrl_c().await.is_ok() {}
    }
}
