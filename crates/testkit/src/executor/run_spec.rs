//! Specifications of runs.

use std::sync::Arc;

use punctual_core::{
    Alias, AppData, Call, Clock, Codec, DynTask, Encoded, JobContext, JobContextParts, JobId, Run,
    RunId, RunParts, RunSink, Task, TaskName, TaskRegistration, TaskRegistry, Timestamp,
};

use super::tasks::ClosureTask;

/// A run of a case before it is submitted.
pub(crate) struct RunSpec {
    pub(crate) context: JobContext,
    task: TaskName,
    body: Arc<dyn DynTask>,
    args: Encoded,
    deadline: Option<Timestamp>,
}

impl RunSpec {
    /// A call of a task of the suite.
    pub(crate) fn call<T: Task>(call: Call<T>) -> Self {
        let args = Codec::Json.encode(&call.into_args()).expect("arguments");
        Self::with_args::<T>(args)
    }

    /// A call of a task with any encoded arguments, which may be invalid.
    pub(crate) fn with_args<T: Task>(args: Encoded) -> Self {
        let registration = TaskRegistration::of::<T>().expect("a valid name");
        let name = registration.name().clone();
        let mut registry = TaskRegistry::new();
        registry.register(registration).expect("the only task");
        let body = registry.get(&name).expect("it was just registered");
        Self::new(name, body, args)
    }

    /// A closure of the case.
    pub(crate) fn closure(task: ClosureTask) -> Self {
        let args = Codec::Json.encode(&()).expect("no arguments");
        Self::new(TaskName::closure(), Arc::new(task), args)
    }

    fn new(task: TaskName, body: Arc<dyn DynTask>, args: Encoded) -> Self {
        let id = JobId::new("job").expect("a valid id");
        let scheduled_time = Timestamp::from_seconds(999);
        let parts = JobContextParts::new(id, Alias::default(), RunId::random(), scheduled_time)
            .with_attempt(2)
            .with_app_data(AppData::default().with("shared".to_owned()));
        Self { context: JobContext::new(parts), task, body, args, deadline: None }
    }

    pub(crate) fn deadline(mut self, deadline: Timestamp) -> Self {
        self.deadline = Some(deadline);
        self
    }

    pub(crate) fn into_run(self, clock: Arc<dyn Clock>, sink: Arc<dyn RunSink>) -> Run {
        let Self { context, task, body, args, deadline } = self;
        let parts = RunParts::new(context, task, body, args, clock, sink);
        Run::new(parts.with_deadline(deadline))
    }
}
