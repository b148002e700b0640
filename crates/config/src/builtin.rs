//! The registry with the stores, executors and triggers of this repository.

use crate::plugins::Plugins;
use crate::{executors, stores, triggers};

impl Plugins {
    /// Returns a registry with the stores, executors and triggers of this repository. Those whose feature is disabled
    /// are [errors](crate::ConfigError::MissingFeature) that name it.
    pub fn new() -> Self {
        let mut plugins = Self::empty();
        for (scheme, open) in stores::all() {
            plugins = plugins.job_store(scheme, open);
        }
        for (name, create) in executors::ALL {
            plugins = plugins.executor(*name, create);
        }
        for (name, create) in triggers::ALL {
            plugins.combined_trigger(name, create);
        }
        plugins
    }
}

impl Default for Plugins {
    fn default() -> Self {
        Self::new()
    }
}
