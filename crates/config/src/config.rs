//! The merged configuration.

use std::fmt;

use punctual_core::Tasks;
use punctual_scheduler::NewJob;
use serde_json::{Map, Value};

use crate::error::{ConfigError, ConfigWarning};
use crate::jobs;
use crate::plugins::Plugins;
use crate::section::Section;

/// The configuration of a scheduler: its options, stores, executors and jobs, merged from all sources.
///
/// It is applied by [`Configure::configure`](crate::Configure::configure), any number of times. `Debug` shows the names
/// of the keys only, because values may be secret.
#[derive(Clone)]
pub struct Config {
    /// The prefix of the keys, without a dot at its end.
    pub(crate) prefix: String,
    pub(crate) values: Map<String, Value>,
    pub(crate) warnings: Vec<ConfigWarning>,
    pub(crate) plugins: Plugins,
}

impl Config {
    /// Returns the keys of APScheduler that have a different meaning here, or none, and the files without any key of the
    /// prefix.
    #[must_use]
    pub fn warnings(&self) -> &[ConfigWarning] {
        &self.warnings
    }

    /// Returns the configured jobs, for the `add_jobs` method of a scheduler. They call `tasks`. `configure` adds them to
    /// a builder, so this method is needed only to add them later, for example after the file has changed.
    ///
    /// # Errors
    ///
    /// The first error of each job, such as [`UnknownName`](ConfigError::UnknownName) for a task that is not in the list:
    /// [`Several`](ConfigError::Several) if there is more than one. The rest of the configuration is not checked.
    pub fn jobs(&self, tasks: &Tasks) -> Result<Vec<NewJob>, ConfigError> {
        let tasks: Vec<_> = tasks.registrations().filter_map(Result::ok).collect();
        let mut root = self.root();
        let zone = crate::scheduler::read_zone(&mut root)?;
        jobs::read_all(&mut root, zone, &self.plugins, &tasks)
    }

    /// The section that contains everything.
    pub(crate) fn root(&self) -> Section {
        Section::new(self.prefix.clone(), self.values.clone())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("prefix", &self.prefix)
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
