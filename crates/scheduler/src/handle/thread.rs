//! The thread of blocking and background schedulers.

use std::io;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};

use punctual_core::{error_chain, log_warning};
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::signals::StopSignals;
use crate::error::SchedulerError;
use crate::lifecycle::Engine;

/// The thread of a running engine. It terminates when the engine has been shut down. If it is dropped, which no handle
/// of the scheduler is left to prevent, the engine continues until the program exits.
#[derive(Debug)]
pub(crate) struct SchedulerThread {
    /// `None` once it has been joined.
    thread: Option<JoinHandle<()>>,
    engine: Weak<Engine>,
}

impl SchedulerThread {
    /// Starts the engine on a new thread with a separate runtime, so that jobs can't delay the scheduler.
    pub(crate) fn start(
        engine: &Arc<Engine>,
        paused: bool,
        stop_on_signals: bool,
    ) -> Result<Self, SchedulerError> {
        let signals =
            stop_on_signals.then(StopSignals::listen).transpose().unwrap_or_else(|error| {
                log_warning(&format_args!("signals will not shut the scheduler down: {error}"));
                None
            });
        let (thread, started) = spawn(engine, paused, true, signals)?;
        let thread = Self { thread: Some(thread), engine: Arc::downgrade(engine) };
        match result_of(pollster::block_on(started)) {
            Ok(()) => Ok(thread),
            Err(error) => {
                thread.join();
                Err(error)
            }
        }
    }

    /// Starts the engine on a new thread, which nobody waits for. The start completes even if the future is dropped.
    pub(crate) async fn start_detached(
        engine: &Arc<Engine>,
        paused: bool,
        with_driver: bool,
    ) -> Result<(), SchedulerError> {
        let (_, started) = spawn(engine, paused, with_driver, None)?;
        result_of(started.await)
    }

    /// Waits for the thread to terminate. Does nothing if called on that thread.
    pub(crate) fn join(mut self) {
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!(target: "punctual::scheduler", "the scheduler's thread panicked");
        }
    }
}

impl Drop for SchedulerThread {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade().filter(|_| self.thread.is_some()) {
            engine.warn_if_jobs_wait(
                "the last handle of a running background scheduler was dropped; its jobs run only until the program \
                 exits: keep the scheduler and call `shutdown`, or use a `BlockingScheduler`",
            );
        }
    }
}

type Started = Result<(), SchedulerError>;

/// Spawns a thread with a runtime, which starts the engine and ends with it.
fn spawn(
    engine: &Arc<Engine>,
    paused: bool,
    with_driver: bool,
    signals: Option<StopSignals>,
) -> Result<(JoinHandle<()>, oneshot::Receiver<Started>), SchedulerError> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SchedulerError::RuntimeUnavailable)?;
    let (started_tx, started_rx) = oneshot::channel();
    let engine = Arc::clone(engine);
    let thread = thread::Builder::new()
        .name("punctual-scheduler".into())
        .spawn(move || {
            runtime.block_on(async {
                let started = engine.start(paused, with_driver).await;
                let running = started.is_ok();
                // Fails if the caller does not wait for it.
                let _ = started_tx.send(started);
                if running {
                    if let Some(signals) = signals {
                        tokio::spawn(shut_down_on_signal(signals, Arc::clone(&engine)));
                    }
                    engine.stopped().await;
                }
            });
            // Blocking work that exceeds the shutdown timeout is not waited for.
            runtime.shutdown_background();
        })
        .map_err(SchedulerError::RuntimeUnavailable)?;
    Ok((thread, started_rx))
}

fn result_of(started: Result<Started, oneshot::error::RecvError>) -> Started {
    started.unwrap_or_else(|_| {
        let panicked = io::Error::other("the scheduler's thread panicked");
        Err(SchedulerError::RuntimeUnavailable(panicked))
    })
}

async fn shut_down_on_signal(mut signals: StopSignals, engine: Arc<Engine>) {
    signals.received().await;
    if let Err(error) = engine.shutdown(engine.shared.settings.shutdown_timeout).await {
        tracing::debug!(target: "punctual::scheduler", error = %error_chain(&error), "the scheduler was already shut down");
    }
}
