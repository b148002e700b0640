//! What the command line asks for.

use std::time::Duration;

/// `[--quick] [--idle] [STORE..]`
pub(crate) struct Options {
    quick: bool,
    /// Nothing is measured but what is asked while there is nothing to do.
    pub(crate) idle: bool,
    /// The stores to measure; all when it is empty.
    chosen: Vec<String>,
}

impl Options {
    pub(crate) fn from_args() -> Self {
        // Cargo adds an option of its own.
        let args: Vec<_> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
        let (flags, chosen): (Vec<_>, Vec<_>) =
            args.into_iter().partition(|arg| arg.starts_with("--"));
        let has = |name| flags.iter().any(|flag| flag == name);
        Self { quick: has("--quick"), idle: has("--idle"), chosen }
    }

    pub(crate) fn wants(&self, store: &str) -> bool {
        self.chosen.is_empty() || self.chosen.iter().any(|chosen| chosen == store)
    }

    /// How many jobs "a million" are: a tenth of it when there is no time.
    pub(crate) fn many(&self) -> usize {
        if self.quick { 100_000 } else { 1_000_000 }
    }

    /// For how long a scheduler is watched.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(if self.quick { 1_000 } else { 4_000 })
    }
}
