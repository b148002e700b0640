//! Command line options.

use std::time::Duration;

/// `[--quick] [--idle] [STORE..]`
pub(crate) struct Options {
    quick: bool,
    /// Only the statements of an idle scheduler are measured.
    pub(crate) idle: bool,
    /// The stores to measure; all if empty.
    chosen: Vec<String>,
}

impl Options {
    pub(crate) fn from_args() -> Self {
        // Cargo adds the option `--bench`.
        let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
        let (flags, chosen): (Vec<_>, Vec<_>) =
            args.into_iter().partition(|arg| arg.starts_with("--"));
        let has = |name| flags.iter().any(|flag| flag == name);
        Self { quick: has("--quick"), idle: has("--idle"), chosen }
    }

    pub(crate) fn wants(&self, store: &str) -> bool {
        self.chosen.is_empty() || self.chosen.iter().any(|chosen| chosen == store)
    }

    /// The number of jobs of the large store: a million, or a tenth of that with `--quick`.
    pub(crate) fn many(&self) -> usize {
        if self.quick { 100_000 } else { 1_000_000 }
    }

    /// The duration of a throughput measurement.
    pub(crate) fn duration(&self) -> Duration {
        Duration::from_millis(if self.quick { 1_000 } else { 4_000 })
    }
}
