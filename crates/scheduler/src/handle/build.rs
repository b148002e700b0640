//! The end of the builder: checks the options, and builds the engine.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{TaskRegistry, Zone};

use super::aliases::{add_default, check_aliases};
use super::builder::SchedulerBuilder;
use super::defaults;
use crate::error::SchedulerError;
use crate::lifecycle::Engine;
use crate::shared::{HistorySettings, Ids, Settings, SharedParts};

/// The result of `build`, which is converted into one of the scheduler types.
#[doc(hidden)]
pub struct BuiltEngine(pub(crate) Arc<Engine>);

impl BuiltEngine {
    /// Returns a value that was passed to the builder's `app_data`, for schedulers that are defined in other crates.
    #[must_use]
    pub fn app_data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.shared.app_data.get()
    }
}

impl fmt::Debug for BuiltEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S: From<BuiltEngine>> SchedulerBuilder<S> {
    /// Builds the scheduler without starting it. Jobs that are added before the start are pending.
    ///
    /// # Errors
    ///
    /// The error for the first invalid option, taken alias, conflicting task name, unknown time zone or invalid job.
    pub fn build(self) -> Result<S, SchedulerError> {
        Ok(BuiltEngine(self.build_engine()?).into())
    }
}

impl<S> SchedulerBuilder<S> {
    fn build_engine(self) -> Result<Arc<Engine>, SchedulerError> {
        check_range("lease", self.lease, Duration::from_secs(1), Duration::from_secs(11))?;
        let day = Duration::from_secs(86_400);
        check_range("max_retry_delay", self.max_retry_delay, Duration::from_millis(1), day)?;
        check_range("poll_interval", self.poll_interval, Duration::from_millis(1), day)?;
        check_range("cancel_grace", self.cancel_grace, Duration::ZERO, day)?;
        check_range("shutdown_timeout", self.shutdown_timeout, Duration::ZERO, day)?;
        if self.max_concurrent_runs == 0 {
            return Err(SchedulerError::InvalidOption {
                field: "max_concurrent_runs",
                value: "0".into(),
                reason: "it must be at least 1",
            });
        }
        if self.client_only && self.stores.is_empty() {
            return Err(SchedulerError::InvalidOption {
                field: "client_only",
                value: "true".into(),
                reason: "it requires a job store that other processes use",
            });
        }
        self.job_defaults.check()?;
        let mut tasks = TaskRegistry::new();
        for task in self.tasks {
            tasks.register(task?)?;
        }
        let mut stores = check_aliases("a job store", self.stores)?;
        let mut executors = check_aliases("an executor", self.executors)?;
        let mut histories = HashMap::new();
        for (alias, options) in self.store_histories {
            histories.insert(alias?, options);
        }
        if !self.client_only {
            add_default(&mut stores, defaults::job_store);
            add_default(&mut executors, || self.default_executor.or_else(defaults::executor));
        }
        let zone = match self.zone {
            Some(zone) => zone?,
            None => Zone::local().unwrap_or_else(|error| {
                tracing::warn!(target: "punctual::scheduler", %error, "the system time zone is unknown; using UTC");
                Zone::utc()
            }),
        };
        let parts = SharedParts {
            settings: Settings {
                job_defaults: self.job_defaults,
                codec: self.codec,
                max_retry_delay: self.max_retry_delay,
                lease: self.lease,
                poll_interval: self.poll_interval,
                batch: self.batch,
                max_concurrent_runs: self.max_concurrent_runs,
                cancel_grace: self.cancel_grace,
                shutdown_timeout: self.shutdown_timeout,
                node_id: self.node_id.transpose()?,
                history: HistorySettings { default: self.history, per_store: histories },
                client_only: self.client_only,
                max_sleep: Duration::from_secs(1),
            },
            zone,
            clock: self.clock,
            executors,
            tasks,
            triggers: self.triggers,
            bus: self.bus,
            app_data: self.app_data,
            ids: Ids::new(self.seed),
        };
        let engine = Engine::new(parts, stores, |app_data, engine| {
            app_data.with(super::reference::SchedulerRef(engine.clone()))
        });
        engine.jobs.add_pending(self.jobs)?;
        Ok(engine)
    }
}

fn check_range(
    field: &'static str,
    value: Duration,
    min: Duration,
    max: Duration,
) -> Result<(), SchedulerError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    let reason = match field {
        "lease" => "it must be from 1 to 11 seconds",
        "cancel_grace" | "shutdown_timeout" => "it must be at most 1 day",
        _ => "it must be from 1 millisecond to 1 day",
    };
    Err(SchedulerError::InvalidOption { field, value: format!("{value:?}"), reason })
}
