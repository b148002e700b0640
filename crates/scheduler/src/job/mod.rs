//! The types by which users describe, change and read jobs.

mod builder;
mod change;
mod new_job;
mod snapshot;

use std::sync::Arc;

use punctual_core::{Trigger, TriggerDefaults, TriggerError};

pub(crate) use self::builder::sealed;
pub use self::builder::{JobBuilder, JobSink, TransactionalJobSink};
pub(crate) use self::change::CheckedChange;
pub use self::change::JobChange;
pub use self::new_job::NewJob;
pub(crate) use self::new_job::{CheckedJob, RunAt};
pub use self::snapshot::{Job, JobState};

/// Builds a trigger that was passed as a builder, with the defaults of the scheduler.
type TriggerFactory =
    Box<dyn FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send>;
