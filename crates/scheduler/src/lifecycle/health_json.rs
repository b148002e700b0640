//! Health checks as JSON.

use std::sync::Arc;

use punctual_core::{StoreError, Timestamp, error_chain};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::health::{ExecutorHealth, Health, StoreHealth};

impl Serialize for Health {
    /// Serializes the fields, and `is_ok`: times in the format of RFC 3339, durations in seconds, errors as texts with their
    /// causes, and corrupt records as their number.
    ///
    /// ```
    /// # use punctual_scheduler::BackgroundScheduler;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
    /// let health = serde_json::to_value(scheduler.health())?;
    /// assert_eq!((health["is_ok"].as_bool(), health["state"].as_str()), (Some(false), Some("stopped")));
    /// # Ok(())
    /// # }
    /// ```
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut health = serializer.serialize_struct("Health", 10)?;
        health.serialize_field("is_ok", &self.is_ok())?;
        health.serialize_field("now", &self.now.to_string())?;
        health.serialize_field("state", &format!("{:?}", self.state).to_ascii_lowercase())?;
        health.serialize_field("last_tick", &time(self.last_tick))?;
        health.serialize_field("lag", &self.lag.as_secs_f64())?;
        health.serialize_field("active_runs", &self.active_runs)?;
        health.serialize_field("queued_events", &self.queued_events)?;
        health.serialize_field("zone_release", &self.zone_release)?;
        health.serialize_field("executors", &self.executors)?;
        health.serialize_field("job_stores", &self.job_stores)?;
        health.end()
    }
}

impl Serialize for ExecutorHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut executor = serializer.serialize_struct("ExecutorHealth", 3)?;
        executor.serialize_field("executor", self.executor.as_str())?;
        executor.serialize_field("queued_runs", &self.queued_runs)?;
        executor.serialize_field("running_runs", &self.running_runs)?;
        executor.end()
    }
}

impl Serialize for StoreHealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut store = serializer.serialize_struct("StoreHealth", 12)?;
        store.serialize_field("job_store", self.job_store.as_str())?;
        store.serialize_field("error", &text(self.error.as_ref()))?;
        store.serialize_field("failures", &self.failures)?;
        store.serialize_field("last_error", &text(self.last_error.as_ref()))?;
        store.serialize_field("last_failed_at", &time(self.last_failed_at))?;
        store.serialize_field("retry_at", &time(self.retry_at))?;
        store.serialize_field("busy_since", &time(self.busy_since))?;
        store.serialize_field("lag", &self.lag.as_secs_f64())?;
        store.serialize_field("pending_commits", &self.pending_commits)?;
        store.serialize_field("pending_history", &self.pending_history)?;
        store.serialize_field("clock_offset_micros", &self.clock_offset_micros)?;
        store.serialize_field("corrupt", &self.corrupt.len())?;
        store.end()
    }
}

fn time(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

fn text(error: Option<&Arc<StoreError>>) -> Option<String> {
    error.map(|error| error_chain(error).to_string())
}
