//! Tasks of the cases.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CodecError, DynTask, Encoded, JobContext, TaskBody, TaskOutput, Tasks};
use punctual_macros::task;
use serde_json::Value;

use super::connection;
use super::errors::{
    ChainedError, PanickingSource, PanicsOnDisplay, PanicsOnDrop, SerializableError,
};

/// The tasks of the suite, to be registered in worker processes.
pub fn tasks() -> Tasks {
    Tasks::new()
        .task_type::<add>()
        .task_type::<add_async>()
        .task_type::<echo>()
        .task_type::<to_bits>()
        .task_type::<from_bits>()
        .task_type::<fail>()
        .task_type::<fail_async>()
        .task_type::<fail_with_sources>()
        .task_type::<fail_with_panicking_display>()
        .task_type::<fail_with_panicking_source>()
        .task_type::<fail_serializable>()
        .task_type::<panic>()
        .task_type::<panic_async>()
        .task_type::<panic_without_message>()
        .task_type::<panic_with_panicking_drop>()
        .task_type::<describe>()
        .task_type::<wait_for_release>()
        .task_type::<wait_for_cancellation>()
        .task_type::<use_timer>()
        .task_type::<use_spawn>()
}

#[task(crate = "punctual_core")]
pub(crate) fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[task(crate = "punctual_core")]
pub(crate) async fn add_async(a: i64, b: i64) -> i64 {
    a + b
}

#[task(crate = "punctual_core")]
pub(crate) fn echo(value: Value) -> Value {
    value
}

#[task(crate = "punctual_core")]
pub(crate) fn to_bits(numbers: Vec<f64>) -> Vec<u64> {
    numbers.into_iter().map(f64::to_bits).collect()
}

#[task(crate = "punctual_core")]
pub(crate) fn from_bits(bits: Vec<u64>) -> Vec<f64> {
    bits.into_iter().map(f64::from_bits).collect()
}

#[task(crate = "punctual_core")]
pub(crate) fn fail(text: String) -> Result<(), String> {
    Err(text)
}

#[task(crate = "punctual_core")]
pub(crate) async fn fail_async(text: String) -> Result<(), String> {
    Err(text)
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_serializable(code: u32) -> Result<(), SerializableError> {
    Err(SerializableError { code })
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_with_sources() -> Result<(), ChainedError> {
    Err(ChainedError::new(["no print", "no paper", "no trees"]))
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_with_panicking_display() -> Result<(), PanicsOnDisplay> {
    Err(PanicsOnDisplay)
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_with_panicking_source() -> Result<(), PanickingSource> {
    Err(PanickingSource(PanicsOnDisplay))
}

#[task(crate = "punctual_core")]
pub(crate) fn panic(text: String) {
    std::panic::panic_any(text);
}

#[task(crate = "punctual_core")]
pub(crate) async fn panic_async() {
    panic!("as &str");
}

#[task(crate = "punctual_core")]
pub(crate) fn panic_without_message() {
    std::panic::panic_any(7_u8);
}

/// Panics with a payload that panics again when it is dropped.
#[task(crate = "punctual_core")]
pub(crate) fn panic_with_panicking_drop() {
    std::panic::panic_any(PanicsOnDrop);
}

/// Returns the values of the context that are serializable.
#[task(crate = "punctual_core")]
pub(crate) fn describe(context: JobContext) -> (String, String, String, i64, u32) {
    (
        context.job_id().to_string(),
        context.job_store().to_string(),
        context.run_id().to_string(),
        context.scheduled_time().as_micros(),
        context.attempt(),
    )
}

/// Connects to a [`RunListener`](super::connection::RunListener) and waits to be released.
#[task(crate = "punctual_core")]
pub(crate) fn wait_for_release(port: u16, number: u8) -> std::io::Result<()> {
    connection::report_and_wait(port, number)
}

/// Connects to a [`RunListener`](super::connection::RunListener) and waits to be cancelled.
#[task(crate = "punctual_core")]
pub(crate) fn wait_for_cancellation(context: JobContext, port: u16) -> std::io::Result<()> {
    let _connection = connection::report_start(port, 0)?;
    pollster::block_on(context.cancelled());
    Ok(())
}

#[task(crate = "punctual_core")]
pub(crate) async fn use_timer() -> Result<(), &'static str> {
    match tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await {
        Ok(()) => Err("a pending future completed"),
        Err(_) => Ok(()),
    }
}

#[task(crate = "punctual_core")]
pub(crate) async fn use_spawn() -> Result<i32, tokio::task::JoinError> {
    let sum = tokio::spawn(async { 40 + 2 }).await?;
    Ok(sum + tokio::task::spawn_blocking(|| 1).await?)
}

/// A closure of the case as a task.
pub(crate) struct ClosureTask(Box<dyn Fn(JobContext) -> TaskBody + Send + Sync>);

impl ClosureTask {
    pub(crate) fn blocking<R: TaskOutput>(
        work: impl Fn(JobContext) -> R + Send + Sync + 'static,
    ) -> Self {
        let work = Arc::new(work);
        Self(Box::new(move |context| {
            let work = Arc::clone(&work);
            TaskBody::blocking(move || work(context).into_result())
        }))
    }

    pub(crate) fn future<R: Future<Output: TaskOutput> + Send + 'static>(
        work: impl Fn(JobContext) -> R + Send + Sync + 'static,
    ) -> Self {
        Self(Box::new(move |context| {
            let work = work(context);
            TaskBody::future(async move { work.await.into_result() })
        }))
    }

    /// The same work as a blocking task and as a future.
    pub(crate) fn both<R: Future<Output: TaskOutput> + Send + 'static>(
        work: impl Fn(JobContext) -> R + Send + Sync + Clone + 'static,
    ) -> [Self; 2] {
        let future = work.clone();
        [Self::blocking(move |context| pollster::block_on(work(context))), Self::future(future)]
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
