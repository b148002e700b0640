//! Triggers that are built when their jobs are added.

use std::fmt;
use std::sync::Arc;

use punctual_core::{IntoTrigger, Trigger, TriggerDefaults, TriggerError};

/// A trigger from a configuration, which is built when its job is added.
#[derive(Clone)]
pub struct ConfiguredTrigger(Arc<Build>);

type Build = dyn Fn(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send + Sync;

impl ConfiguredTrigger {
    pub(crate) fn new(
        build: impl Fn(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self(Arc::new(build))
    }

    /// A trigger or its builder.
    pub(crate) fn of(trigger: impl IntoTrigger + Clone + Send + Sync + 'static) -> Self {
        Self::new(move |defaults| trigger.clone().into_trigger(defaults))
    }
}

impl IntoTrigger for ConfiguredTrigger {
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        (self.0)(defaults)
    }
}

impl fmt::Debug for ConfiguredTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trigger that is not built yet")
    }
}
