//! The result of one kind of work, as one line of JSON.

use std::error::Error;
use std::time::Duration;

use serde_json::{Value, json};

/// Names and values of what was measured, in the order of the table. A name contains the unit.
#[derive(Default)]
pub(crate) struct Report(pub(crate) Vec<(String, f64)>);

impl Report {
    pub(crate) fn with(mut self, name: &str, value: f64) -> Self {
        self.0.push((name.to_owned(), value));
        self
    }

    pub(crate) fn rate(self, name: &str, jobs: usize, duration: Duration) -> Self {
        self.with(name, jobs as f64 / duration.as_secs_f64())
    }

    pub(crate) fn processor_per(self, what: &str, count: usize, processor: Duration) -> Self {
        let micros = processor.as_secs_f64() * 1e6 / count as f64;
        self.with(&format!("processor us per {what}"), micros)
    }

    pub(crate) fn to_json(&self, work: &str) -> Value {
        json!({ "work": work, "measured": self.0 })
    }

    pub(crate) fn from_json(line: &str) -> Result<Self, Box<dyn Error>> {
        let line: Value = serde_json::from_str(line)?;
        Ok(Self(serde_json::from_value(line["measured"].clone())?))
    }
}
