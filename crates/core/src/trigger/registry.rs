//! The registry that restores triggers from their stored form.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Trigger, TriggerError, TriggerSpec};

type RestoreFn =
    dyn Fn(&TriggerSpec, &TriggerRegistry) -> Result<Arc<dyn Trigger>, TriggerError> + Send + Sync;

/// The kinds of triggers that this process can restore.
///
/// A scheduler registers the built-in kinds; users can register custom kinds by name. Stored triggers of other kinds
/// are not interpreted.
#[derive(Clone, Default)]
pub struct TriggerRegistry {
    kinds: HashMap<String, Arc<RestoreFn>>,
}

impl TriggerRegistry {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers `kind`. `restore` is called with the stored form, and with the registry for composite triggers.
    /// Registering a kind again replaces it.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use punctual_core::{Timestamp, Trigger, TriggerRegistry, TriggerSpec};
    ///
    /// /// Fires at the first second of every `n`th minute since the epoch.
    /// #[derive(Debug, serde::Serialize, serde::Deserialize)]
    /// struct Minutes {
    ///     n: i64,
    /// }
    ///
    /// impl std::fmt::Display for Minutes {
    ///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    ///         write!(f, "minutes[{}]", self.n)
    ///     }
    /// }
    ///
    /// impl Trigger for Minutes {
    ///     fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    ///         let from = previous.map_or(now.as_micros(), |previous| previous.as_micros() + 1);
    ///         let step = self.n * 60_000_000;
    ///         let fire = Timestamp::from_micros(-(-from).div_euclid(step) * step);
    ///         (Some(fire) > previous && fire < Timestamp::MAX).then_some(fire)
    ///     }
    ///
    ///     fn spec(&self) -> TriggerSpec {
    ///         TriggerSpec::new("minutes", 1, self).expect("a number is plain JSON")
    ///     }
    /// }
    ///
    /// let mut registry = TriggerRegistry::new();
    /// registry.register("minutes", |spec, _| Ok(Arc::new(spec.decode::<Minutes>(1)?)));
    ///
    /// let stored = serde_json::to_string(&Minutes { n: 7 }.spec())?;
    /// let restored = registry.restore(&serde_json::from_str(&stored)?)?;
    /// assert_eq!(restored.to_string(), "minutes[7]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register<F>(&mut self, kind: impl Into<String>, restore: F)
    where
        F: Fn(&TriggerSpec, &TriggerRegistry) -> Result<Arc<dyn Trigger>, TriggerError>
            + Send
            + Sync
            + 'static,
    {
        self.kinds.insert(kind.into(), Arc::new(restore));
    }

    /// Restores the trigger that `spec` describes. A spec that keeps its trigger returns that trigger.
    ///
    /// # Errors
    ///
    /// Returns [`TriggerError::UnknownKind`] if the kind is not registered, or the error of its `restore` function.
    pub fn restore(&self, spec: &TriggerSpec) -> Result<Arc<dyn Trigger>, TriggerError> {
        if let Some(trigger) = spec.trigger() {
            return Ok(Arc::clone(trigger));
        }
        match self.kinds.get(spec.kind()) {
            Some(restore) => restore(spec, self),
            None => Err(TriggerError::UnknownKind { kind: spec.kind().to_owned() }),
        }
    }
}

impl fmt::Debug for TriggerRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds: Vec<_> = self.kinds.keys().collect();
        kinds.sort();
        f.debug_struct("TriggerRegistry").field("kinds", &kinds).finish()
    }
}
