//! The task of the jobs: reports its start, waits, and reports its completion.

use std::sync::Arc;

use punctual_core::{JobContext, Task, TaskBody};
use serde_json::Value;

use crate::process::Process;
use crate::simulation::Simulation;
use crate::time::pause;

/// The only task; its arguments are the duration in milliseconds, and the first attempt that does not fail.
pub(crate) struct Work;

impl Task for Work {
    const NAME: &'static str = "work";
    type Args = (u32, u32);

    fn body(context: JobContext, (takes, succeeds_at): Self::Args) -> TaskBody {
        TaskBody::future(async move {
            let process: Arc<Arc<Process>> = context.app_data().expect("the process");
            let simulation: Arc<Arc<Simulation>> = context.app_data().expect("the simulation");
            simulation.began(&process, &context);
            if simulation.is_endless(&process) {
                context.cancelled().await;
            }
            pause(takes).await;
            process.gate.pass().await;
            let has_succeeded = context.attempt() >= succeeds_at;
            simulation.ended(&process, &context, has_succeeded);
            if has_succeeded { Ok(Value::Null) } else { Err("it fails".into()) }
        })
    }
}
