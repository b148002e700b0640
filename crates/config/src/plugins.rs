//! The registry that resolves the names of stores, executors and triggers.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use punctual_core::{DynJobStore, Executor, IntoJobStore, IntoTrigger, similar_names};

use crate::configured_trigger::ConfiguredTrigger;
use crate::error::ConfigError;
use crate::section::Section;

/// The error of a factory. Errors of a [`Section`] and of builders are converted into it by `?`.
pub type PluginError = Box<dyn Error + Send + Sync>;

type StoreFactory =
    dyn Fn(&str, &mut Section) -> Result<Arc<dyn DynJobStore>, PluginError> + Send + Sync;
type ExecutorFactory = dyn Fn(&mut Section) -> Result<Arc<dyn Executor>, PluginError> + Send + Sync;
type TriggerFactory =
    dyn Fn(&mut Section, &Plugins) -> Result<ConfiguredTrigger, PluginError> + Send + Sync;

/// A registry of the names of stores, executors and triggers that a configuration can use.
///
/// It contains those of this repository: the stores by the schemes of their URLs (`memory`, `sqlite`, `postgres`, ..),
/// the executors `tokio`, `threadpool`, `processpool` and `debug`, and the triggers `cron`, `interval`, `date`,
/// `calendarinterval`, `and`, `or` and `except`. Other crates export a function that adds theirs, by which they can also
/// replace one of these:
///
/// ```
/// use punctual_config::{Config, Plugins};
/// use punctual_triggers::CronTrigger;
///
/// /// Adds the trigger `full-moon`.
/// fn register(plugins: Plugins) -> Plugins {
///     plugins.trigger("full-moon", |section| {
///         let hour: u32 = section.take("hour")?.unwrap_or(0);
///         Ok(CronTrigger::builder().day(29).hour(hour)) // not exactly
///     })
/// }
///
/// let config = Config::builder().plugins(register(Plugins::new())).build()?;
/// # Ok::<(), punctual_config::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a registry does nothing until it is given to a configuration"]
pub struct Plugins {
    stores: BTreeMap<String, Arc<StoreFactory>>,
    executors: BTreeMap<String, Arc<ExecutorFactory>>,
    triggers: BTreeMap<String, Arc<TriggerFactory>>,
}

impl Plugins {
    /// Returns a registry without any names, not even those of this repository.
    pub fn empty() -> Self {
        Self { stores: BTreeMap::new(), executors: BTreeMap::new(), triggers: BTreeMap::new() }
    }

    /// Adds a trigger that contains other triggers, which are looked up in the registry.
    pub(crate) fn combined_trigger(
        &mut self,
        name: &str,
        create: impl Fn(&mut Section, &Self) -> Result<ConfiguredTrigger, PluginError>
        + Send
        + Sync
        + 'static,
    ) {
        self.triggers.insert(name.to_owned(), Arc::new(create));
    }

    /// Adds the job stores of a URL scheme. `open` receives the URL, and the section of the store, from which it takes
    /// its options. It must not connect: the scheduler starts the store. Its errors must not contain the URL.
    pub fn job_store<S: IntoJobStore>(
        mut self,
        scheme: impl Into<String>,
        open: impl Fn(&str, &mut Section) -> Result<S, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let open: Arc<StoreFactory> =
            Arc::new(move |url, section| Ok(open(url, section)?.into_job_store()));
        self.stores.insert(scheme.into(), open);
        self
    }

    /// Adds a type of executor. `create` takes its options from the section of the executor.
    pub fn executor<E: Executor>(
        mut self,
        name: impl Into<String>,
        create: impl Fn(&mut Section) -> Result<E, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let create: Arc<ExecutorFactory> = Arc::new(move |section| Ok(Arc::new(create(section)?)));
        self.executors.insert(name.into(), create);
        self
    }

    /// Adds a type of trigger. `create` takes its fields from the section of the trigger, which is that of the job if
    /// the fields are written there, and returns a trigger or its builder. A trigger of a new
    /// [kind](punctual_core::Trigger::spec) must also be registered with the scheduler
    /// (`SchedulerBuilder::trigger_kind`), by which stored jobs are restored.
    pub fn trigger<T>(
        mut self,
        name: impl Into<String>,
        create: impl Fn(&mut Section) -> Result<T, PluginError> + Send + Sync + 'static,
    ) -> Self
    where
        T: IntoTrigger + Clone + Send + Sync + 'static,
    {
        let create: Arc<TriggerFactory> =
            Arc::new(move |section, _| Ok(ConfiguredTrigger::of(create(section)?)));
        self.triggers.insert(name.into(), create);
        self
    }

    /// Opens the job store of a URL. `key` is the key of the URL.
    pub(crate) fn open_store(
        &self,
        key: &str,
        url: &str,
        section: &mut Section,
    ) -> Result<Arc<dyn DynJobStore>, ConfigError> {
        let scheme = url.split_once(':').map_or(url, |(scheme, _)| scheme);
        let Some(open) = self.stores.get(scheme).filter(|_| url.contains(':')) else {
            // The error contains known schemes only: anything in an invalid URL may be secret.
            let similar = similar_names(scheme, self.stores.keys().map(String::as_str));
            let known = if similar.is_empty() { self.store_schemes() } else { similar };
            let known: Vec<_> = known.iter().map(|scheme| format!("{scheme}:")).collect();
            return Err(ConfigError::InvalidValue {
                key: key.to_owned(),
                value: None,
                expected: format!("a URL that begins with {}", known.join(" or ")),
            });
        };
        open(url, section).map_err(|error| ConfigError::rejected(section.key(), error))
    }

    /// The schemes of the URLs of stores.
    pub(crate) fn store_schemes(&self) -> Vec<String> {
        self.stores.keys().cloned().collect()
    }

    /// Creates the executor of this name. `key` is the key of the name.
    pub(crate) fn create_executor(
        &self,
        key: String,
        name: &str,
        section: &mut Section,
    ) -> Result<Arc<dyn Executor>, ConfigError> {
        let Some(create) = self.executors.get(name) else {
            let known = self.executors.keys().cloned().collect();
            return Err(ConfigError::unknown_name(key, "executor", name, known));
        };
        create(section).map_err(|error| ConfigError::rejected(section.key(), error))
    }

    /// Creates the trigger of this name. `key` is the key of the name.
    pub(crate) fn create_trigger(
        &self,
        key: String,
        name: &str,
        section: &mut Section,
    ) -> Result<ConfiguredTrigger, ConfigError> {
        let Some(create) = self.triggers.get(name) else {
            let known = self.triggers.keys().cloned().collect();
            return Err(ConfigError::unknown_name(key, "trigger", name, known));
        };
        create(section, self).map_err(|error| ConfigError::rejected(section.key(), error))
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins")
            .field("stores", &self.stores.keys().collect::<Vec<_>>())
            .field("executors", &self.executors.keys().collect::<Vec<_>>())
            .field("triggers", &self.triggers.keys().collect::<Vec<_>>())
            .finish()
    }
}
