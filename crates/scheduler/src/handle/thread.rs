//! The thread of blocking and background schedulers.

use std::io;
use std::sync::{Arc, Weak, mpsc};
use std::thread::{self, JoinHandle};

use punctual_core::error_chain;
use tokio::runtime::Builder;

use super::signals::StopSignals;
use crate::error::SchedulerError;
use crate::lifecycle::Engine;
use crate::shared::{SHUTDOWN_TIMEOUT, warn};

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
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SchedulerError::RuntimeUnavailable)?;
        let signals =
            stop_on_signals.then(StopSignals::listen).transpose().unwrap_or_else(|error| {
                warn(&format_args!("signals will not shut the scheduler down: {error}"));
                None
            });
        let (started_tx, started_rx) = mpsc::sync_channel(1);
        let (weak, engine) = (Arc::downgrade(engine), Arc::clone(engine));
        let thread = thread::Builder::new()
            .name("punctual-scheduler".into())
            .spawn(move || {
                runtime.block_on(async {
                    let started = engine.start(paused, true).await;
                    let running = started.is_ok();
                    // The caller waits for it below.
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
        let started = started_rx.recv().unwrap_or_else(|_| {
            Err(SchedulerError::RuntimeUnavailable(io::Error::other(
                "the scheduler's thread panicked",
            )))
        });
        let thread = Self { thread: Some(thread), engine: weak };
        match started {
            Ok(()) => Ok(thread),
            Err(error) => {
                thread.join();
                Err(error)
            }
        }
    }

    /// Waits for the thread to terminate. Does nothing if called on that thread.
    pub(crate) fn join(mut self) {
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the scheduler's thread panicked");
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

async fn shut_down_on_signal(mut signals: StopSignals, engine: Arc<Engine>) {
    signals.received().await;
    if let Err(error) = engine.shutdown(SHUTDOWN_TIMEOUT).await {
        tracing::debug!(error = %error_chain(&error), "the scheduler was already shut down");
    }
}
