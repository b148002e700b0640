//! Decoded jobs, so that firing decodes nothing.

use std::sync::{Arc, OnceLock};

use punctual_core::{
    DynTask, Encoded, JobDefinition, JobId, JobProblem, JobRecord, Trigger, TriggerRegistry,
};
use rustc_hash::FxHashMap;

/// How many decoded jobs each of the two generations holds.
const GENERATION: usize = 32_768;

/// What a stored definition means.
pub(crate) struct Decoded {
    pub definition: Arc<JobDefinition>,
    pub trigger: Arc<dyn Trigger>,
    /// Why the arguments are not of the task's type, once somebody has looked.
    args: OnceLock<Option<Problem>>,
}

impl Decoded {
    /// Checks, once, that the arguments are of the task's type.
    pub(crate) fn check_args(&self, task: &dyn DynTask) -> Result<(), Problem> {
        let check =
            || Some(Arc::new(JobProblem::Arguments(task.check(&self.definition.args).err()?)));
        self.args.get_or_init(check).clone().map_or(Ok(()), Err)
    }
}

/// Why a record means nothing here.
pub(crate) type Problem = Arc<JobProblem>;

/// The bytes that were decoded, and what they mean. The bytes are compared, not the revision: a job that
/// was removed and added again by another process begins with the same revision.
type Entry = (Encoded, Result<Arc<Decoded>, Problem>);

/// Decoded jobs by id, in two generations: when the young one is full it becomes the old one, and what
/// is used again comes back to the young.
#[derive(Default)]
pub(crate) struct Cache {
    young: FxHashMap<JobId, Entry>,
    old: FxHashMap<JobId, Entry>,
}

impl Cache {
    pub(crate) fn decode(
        &mut self,
        record: &JobRecord,
        triggers: &TriggerRegistry,
    ) -> Result<Arc<Decoded>, Problem> {
        if let Some((bytes, decoded)) = self.young.get(&record.id)
            && *bytes == record.definition
        {
            return decoded.clone();
        }
        let decoded = match self.old.remove(&record.id) {
            Some((bytes, decoded)) if bytes == record.definition => decoded,
            _ => decode(record, triggers).map(Arc::new).map_err(Arc::new),
        };
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(record.id.clone(), (record.definition.clone(), decoded.clone()));
        decoded
    }
}

fn decode(record: &JobRecord, triggers: &TriggerRegistry) -> Result<Decoded, JobProblem> {
    let definition =
        JobDefinition::decode(record.definition.as_bytes()).map_err(JobProblem::Undecodable)?;
    let trigger = triggers.restore(&definition.trigger).map_err(JobProblem::Trigger)?;
    Ok(Decoded { definition: Arc::new(definition), trigger, args: OnceLock::new() })
}
