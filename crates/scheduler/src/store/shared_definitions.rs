//! Sharing of equal definitions among the jobs of a store in memory.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{CodecError, JobDefinition, StoredDefinition};

/// Number of definitions that are compared with a new one.
const CAPACITY: usize = 8;

/// The definitions of the jobs that were added last. Jobs with equal definitions are usually added one after another,
/// such as a million jobs of one task with one trigger: they share one definition, so that a job takes a few hundred
/// bytes.
#[derive(Default)]
pub(super) struct SharedDefinitions(Mutex<VecDeque<StoredDefinition>>);

impl SharedDefinitions {
    /// Returns a recent definition that is equal, or else the given one.
    pub(super) fn share(
        &self,
        definition: &Arc<JobDefinition>,
    ) -> Result<StoredDefinition, CodecError> {
        let mut recent = self.0.lock();
        let found =
            recent.iter().find(|known| known.get().is_some_and(|known| is_same(known, definition)));
        if let Some(found) = found {
            return Ok(found.clone());
        }
        let new = StoredDefinition::decoded(Arc::clone(definition))?;
        if recent.len() == CAPACITY {
            recent.pop_back();
        }
        recent.push_front(new.clone());
        Ok(new)
    }

    /// Drops the definitions, with the values that their triggers own.
    pub(super) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Whether two definitions of this process are known to be equal.
fn is_same(one: &JobDefinition, other: &JobDefinition) -> bool {
    one.args == other.args
        && one.task == other.task
        && one.name == other.name
        && one.executor == other.executor
        && one.options == other.options
        && one.first_run == other.first_run
        && match (one.trigger.trigger(), other.trigger.trigger()) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.is_same(&**other),
            _ => false,
        }
}
