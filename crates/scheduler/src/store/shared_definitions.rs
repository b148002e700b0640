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
        let is_known = |known: &&StoredDefinition| {
            let known = known.get();
            known.is_some_and(|known| Arc::ptr_eq(known, definition) || is_same(known, definition))
        };
        if let Some(found) = recent.iter().find(is_known) {
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
        && one.tags == other.tags
        && one.first_run == other.first_run
        && one.retry_of == other.retry_of
        && match (one.trigger.trigger(), other.trigger.trigger()) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one.is_same(&**other),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use punctual_core::{
        Alias, Codec, JobOptions, TaskName, Timestamp, Trigger, TriggerDefaults, TriggerSpec, Zone,
    };
    use punctual_triggers::{DateTrigger, IntervalTrigger};

    use super::*;

    fn definition(args: u32, trigger: Arc<dyn Trigger>) -> Arc<JobDefinition> {
        Arc::new(JobDefinition::new(
            TaskName::new("count").unwrap(),
            Codec::Json.encode(&args).unwrap(),
            TriggerSpec::of(trigger),
            "count".into(),
            Alias::default(),
            JobOptions::default(),
        ))
    }

    fn at(seconds: i64) -> Arc<dyn Trigger> {
        Arc::new(DateTrigger::at(Timestamp::from_seconds(seconds)).timezone("UTC").build().unwrap())
    }

    fn is_shared(one: &StoredDefinition, other: &StoredDefinition) -> bool {
        Arc::ptr_eq(one.get().unwrap(), other.get().unwrap())
    }

    #[test]
    fn equal_definitions_are_shared() {
        let definitions = SharedDefinitions::default();
        let share = |args, trigger| definitions.share(&definition(args, trigger)).unwrap();
        let first = share(1, at(5));
        assert!(is_shared(&first, &share(1, at(5))), "another trigger of the same value");
        assert!(!is_shared(&first, &share(2, at(5))));
        assert!(!is_shared(&first, &share(1, at(6))));
        let interval = IntervalTrigger::seconds(5).start_date(Timestamp::from_seconds(5));
        let defaults = TriggerDefaults::new(Zone::utc(), Timestamp::UNIX_EPOCH);
        let interval = punctual_core::IntoTrigger::into_trigger(interval, &defaults).unwrap();
        assert!(!is_shared(&first, &share(1, Arc::clone(&interval))));
        assert!(is_shared(&share(1, interval.clone()), &share(1, interval)), "the same trigger");
        definitions.clear();
        assert!(!is_shared(&first, &share(1, at(5))));
    }

    #[test]
    fn only_recent_definitions_are_kept() {
        let definitions = SharedDefinitions::default();
        let share = |args| definitions.share(&definition(args, at(5))).unwrap();
        let first = share(0);
        (1..8).for_each(|args| drop(share(args)));
        assert!(is_shared(&first, &share(0)));
        (8..16).for_each(|args| drop(share(args)));
        assert!(!is_shared(&first, &share(0)));
        assert_eq!(definitions.0.lock().len(), CAPACITY);
    }
}
