//! Cache of decoded jobs, so that starting a run needs no decoding.

use std::sync::{Arc, OnceLock};

use punctual_core::{
    DynTask, JobDefinition, JobId, JobProblem, JobRecord, StoredDefinition, Trigger,
    TriggerRegistry,
};
use rustc_hash::FxHashMap;

/// Capacity of each of the two generations.
const GENERATION_CAPACITY: usize = 32_768;

/// The decoded definition and trigger of a job.
pub(crate) struct DecodedJob {
    pub definition: Arc<JobDefinition>,
    pub trigger: Arc<dyn Trigger>,
    /// Result of checking the arguments against the task's type. Set by the first check.
    args: OnceLock<Option<Problem>>,
}

impl DecodedJob {
    /// The job of a record that keeps its definition and trigger, because its store is in this process. `None` if the
    /// rules of a zone of the trigger have been replaced since.
    pub(super) fn of_live(record: &JobRecord) -> Option<Self> {
        let definition = record.definition.get()?;
        let trigger = definition.trigger.trigger()?;
        let mut is_current = true;
        trigger.visit_zones(&mut |zone| is_current = is_current && zone.is_current());
        // The arguments were encoded by this process.
        let (definition, trigger) = (Arc::clone(definition), Arc::clone(trigger));
        is_current.then(|| Self { definition, trigger, args: OnceLock::from(None) })
    }

    /// Checks whether the arguments match the task's type. The result is cached.
    pub(crate) fn check_args(&self, task: &dyn DynTask) -> Result<(), Problem> {
        let check =
            || Some(Arc::new(JobProblem::Arguments(task.check(&self.definition.args).err()?)));
        self.args.get_or_init(check).clone().map_or(Ok(()), Err)
    }
}

/// The reason why a record can't be decoded or run in this process.
pub(crate) type Problem = Arc<JobProblem>;

/// The encoded definition and the result of decoding it. The bytes are compared, not the revision: a job that was
/// removed and added again by another process starts with the same revision.
type Entry = (StoredDefinition, Result<Arc<DecodedJob>, Problem>);

/// Decoded jobs by id, in two generations. When the current generation is full it becomes the old one, and the previous
/// old one is dropped. An entry used again is moved from the old generation to the current one.
#[derive(Default)]
pub(crate) struct Cache {
    current: FxHashMap<JobId, Entry>,
    old: FxHashMap<JobId, Entry>,
}

impl Cache {
    pub(crate) fn decode(
        &mut self,
        record: &JobRecord,
        triggers: &TriggerRegistry,
    ) -> Result<Arc<DecodedJob>, Problem> {
        if let Some((bytes, decoded)) = self.current.get(&record.id)
            && *bytes == record.definition
        {
            return decoded.clone();
        }
        let decoded = match self.old.remove(&record.id) {
            Some((bytes, decoded)) if bytes == record.definition => decoded,
            _ => decode(record, triggers).map(Arc::new).map_err(Arc::new),
        };
        if self.current.len() >= GENERATION_CAPACITY {
            self.old = std::mem::take(&mut self.current);
        }
        self.current.insert(record.id.clone(), (record.definition.clone(), decoded.clone()));
        decoded
    }
}

fn decode(record: &JobRecord, triggers: &TriggerRegistry) -> Result<DecodedJob, JobProblem> {
    // From the bytes also if the record keeps the definition, so that its trigger gets the current zone rules.
    let bytes = record.definition.as_bytes();
    let definition = JobDefinition::decode(bytes).map_err(JobProblem::Undecodable)?;
    let trigger = triggers.restore(&definition.trigger).map_err(JobProblem::Trigger)?;
    Ok(DecodedJob { definition: Arc::new(definition), trigger, args: OnceLock::new() })
}
