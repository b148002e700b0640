//! Merging a job that is added again with the stored one, whose schedule can be kept.

use punctual_core::{JobDefinition, JobRecord};

use crate::job::CheckedJob;

/// The kind of date triggers.
const DATE: &str = "date";

/// The definition of a job that replaces a stored one with the same trigger, whose schedule can be kept.
pub(super) struct Merged {
    pub(super) definition: JobDefinition,
    /// Whether it is the stored one.
    pub(super) is_unchanged: bool,
    /// Whether the trigger is a date, which it took from the clock: a changed job with it is due anew.
    pub(super) is_another_date: bool,
}

/// Merges a job with a stored one that has the same trigger; a start time that a trigger took from the clock is not
/// compared, and that of the stored one is kept. Returns `None` if the trigger differs or can't be read.
pub(super) fn merge(old: &JobRecord, job: &CheckedJob) -> Option<Merged> {
    let stored = old.definition.decode().ok()?;
    if !job.trigger.matches_spec(&stored.trigger) {
        return None;
    }
    let mut definition = JobDefinition::clone(&job.definition);
    definition.trigger = stored.trigger.clone();
    // `first_run` only records the origin of the current schedule.
    definition.first_run = stored.first_run;
    let is_unchanged = definition == *stored;
    let is_another_date = stored.trigger.kind() == DATE && job.definition.trigger != stored.trigger;
    Some(Merged { definition, is_unchanged, is_another_date })
}

/// Whether a stored job has the same definition, regardless of its schedule.
pub(super) fn has_same_definition(old: &JobRecord, job: &CheckedJob) -> bool {
    merge(old, job).is_some_and(|merged| merged.is_unchanged)
}
