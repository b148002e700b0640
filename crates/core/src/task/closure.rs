//! Closures as tasks, for jobs of non-persistent stores.

use std::future::Future;
use std::sync::Arc;

use super::{
    Action, DynTask, IntoAction, JobContext, TaskBody, TaskName, TaskOutput, TaskRegistration,
};
use crate::codec::{CodecError, Encoded};

/// A closure that is called for each run of a job.
pub struct ClosureTask(Box<dyn Fn(JobContext) -> TaskBody + Send + Sync>);

impl std::fmt::Debug for ClosureTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClosureTask")
    }
}

impl DynTask for ClosureTask {
    fn body(&self, context: JobContext, _: &Encoded) -> Result<TaskBody, CodecError> {
        Ok((self.0)(context))
    }

    fn check(&self, _: &Encoded) -> Result<(), CodecError> {
        Ok(())
    }
}

impl ClosureTask {
    fn into_action(self) -> Action {
        Action {
            registration: Ok(TaskRegistration::transient(TaskName::closure(), Arc::new(self))),
            encode: Box::new(|codec| codec.encode(&())),
        }
    }
}

/// Marks blocking closures without parameters for [`IntoAction`].
#[derive(Debug)]
pub struct BlockingMarker;

/// Marks blocking closures that take a [`JobContext`] for [`IntoAction`].
#[derive(Debug)]
pub struct BlockingContextMarker;

/// Marks closures without parameters that return a future for [`IntoAction`].
#[derive(Debug)]
pub struct AsyncMarker;

/// Marks closures that take a [`JobContext`] and return a future for [`IntoAction`].
#[derive(Debug)]
pub struct AsyncContextMarker;

impl<F, R> IntoAction<(BlockingMarker, R)> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: TaskOutput,
{
    fn into_action(self) -> Action {
        let function = Arc::new(self);
        ClosureTask(Box::new(move |_| {
            let function = Arc::clone(&function);
            TaskBody::blocking(move || function().into_result())
        }))
        .into_action()
    }
}

impl<F, R> IntoAction<(BlockingContextMarker, R)> for F
where
    F: Fn(JobContext) -> R + Send + Sync + 'static,
    R: TaskOutput,
{
    fn into_action(self) -> Action {
        let function = Arc::new(self);
        ClosureTask(Box::new(move |context| {
            let function = Arc::clone(&function);
            TaskBody::blocking(move || function(context).into_result())
        }))
        .into_action()
    }
}

impl<F, R> IntoAction<(AsyncMarker, R)> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output: TaskOutput> + Send + 'static,
{
    fn into_action(self) -> Action {
        let function = Arc::new(self);
        ClosureTask(Box::new(move |_| {
            let function = Arc::clone(&function);
            TaskBody::future(async move { function().await.into_result() })
        }))
        .into_action()
    }
}

impl<F, R> IntoAction<(AsyncContextMarker, R)> for F
where
    F: Fn(JobContext) -> R + Send + Sync + 'static,
    R: Future<Output: TaskOutput> + Send + 'static,
{
    fn into_action(self) -> Action {
        let function = Arc::new(self);
        ClosureTask(Box::new(move |context| {
            let function = Arc::clone(&function);
            TaskBody::future(async move { function(context).await.into_result() })
        }))
        .into_action()
    }
}
