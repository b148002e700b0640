//! What the cases run.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CodecError, DynTask, Encoded, JobContext, TaskBody, TaskOutput, Tasks};
use punctual_macros::task;
use serde_json::Value;

use super::errors::{Deep, Explosive, Jammed, Outer, Unspeakable};
use super::line;

/// The tasks that a worker in another process must know to be tried by the suite.
pub fn tasks() -> Tasks {
    Tasks::new()
        .task_type::<add>()
        .task_type::<add_async>()
        .task_type::<same>()
        .task_type::<bits>()
        .task_type::<from_bits>()
        .task_type::<fail>()
        .task_type::<fail_async>()
        .task_type::<fail_deeply>()
        .task_type::<fail_unspeakably>()
        .task_type::<fail_unspeakably_inside>()
        .task_type::<jam>()
        .task_type::<panic>()
        .task_type::<panic_async>()
        .task_type::<panic_without_text>()
        .task_type::<panic_explosively>()
        .task_type::<describe>()
        .task_type::<called_in>()
        .task_type::<listening>()
        .task_type::<timing_async>()
        .task_type::<spawning_async>()
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
pub(crate) fn same(value: Value) -> Value {
    value
}

#[task(crate = "punctual_core")]
pub(crate) fn bits(numbers: Vec<f64>) -> Vec<u64> {
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
pub(crate) fn jam(page: u32) -> Result<(), Jammed> {
    Err(Jammed { page })
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_deeply() -> Result<(), Deep> {
    Err(Deep::of(["no print", "no paper", "no trees"]))
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_unspeakably() -> Result<(), Unspeakable> {
    Err(Unspeakable)
}

#[task(crate = "punctual_core")]
pub(crate) fn fail_unspeakably_inside() -> Result<(), Outer> {
    Err(Outer(Unspeakable))
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
pub(crate) fn panic_without_text() {
    std::panic::panic_any(7_u8);
}

/// What the panic carries panics again when it is dropped.
#[task(crate = "punctual_core")]
pub(crate) fn panic_explosively() {
    std::panic::panic_any(Explosive);
}

/// Everything that a task can read in its context and tell.
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

/// Calls in at an [`Exchange`](super::line::Exchange), and waits to be let go.
#[task(crate = "punctual_core")]
pub(crate) fn called_in(port: u16, number: u8) -> std::io::Result<()> {
    line::call_in(port, number)
}

/// Calls in, and waits to be asked to end.
#[task(crate = "punctual_core")]
pub(crate) fn listening(context: JobContext, port: u16) -> std::io::Result<()> {
    let _connection = line::tell(port, 0)?;
    pollster::block_on(context.cancelled());
    Ok(())
}

#[task(crate = "punctual_core")]
pub(crate) async fn timing_async() -> Result<(), &'static str> {
    match tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await {
        Ok(()) => Err("what never ends has ended"),
        Err(_) => Ok(()),
    }
}

#[task(crate = "punctual_core")]
pub(crate) async fn spawning_async() -> Result<i32, tokio::task::JoinError> {
    let sum = tokio::spawn(async { 40 + 2 }).await?;
    Ok(sum + tokio::task::spawn_blocking(|| 1).await?)
}

/// A piece of code of the case as a task.
pub(crate) struct Piece(Box<dyn Fn(JobContext) -> TaskBody + Send + Sync>);

impl Piece {
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

    /// The same work twice: on a thread, and as a future.
    pub(crate) fn both<R: Future<Output: TaskOutput> + Send + 'static>(
        work: impl Fn(JobContext) -> R + Send + Sync + Clone + 'static,
    ) -> [Self; 2] {
        let future = work.clone();
        [Self::blocking(move |context| pollster::block_on(work(context))), Self::future(future)]
    }
}

impl DynTask for Piece {
    fn body(&self, context: JobContext, _: &Encoded) -> Result<TaskBody, CodecError> {
        Ok((self.0)(context))
    }

    fn check(&self, _: &Encoded) -> Result<(), CodecError> {
        Ok(())
    }
}
