//! What tasks return.

use serde::Serialize;
use serde_json::Value;

/// The error that a task ended with; any error type or text becomes one with `?` or `.into()`.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// What a run ended with: the value that events show, or the task's error.
pub type TaskResult = Result<Value, TaskError>;

/// What closures may return: nothing, a `Result` of something, or a plain value of the common kinds.
///
/// Functions under `#[task]` may return anything that serde can write; they don't need this trait.
#[diagnostic::on_unimplemented(
    message = "a closure that is a job can't return `{Self}`",
    note = "return nothing, a `Result`, or a plain value; a `#[task]` may return anything that serde can write"
)]
pub trait TaskOutput {
    /// The value as the event shows it, or the error.
    ///
    /// # Errors
    ///
    /// The error that the task returned, or that its value can't be written.
    fn into_result(self) -> TaskResult;
}

impl TaskOutput for () {
    fn into_result(self) -> TaskResult {
        Ok(Value::Null)
    }
}

impl<T: Serialize, E: Into<TaskError>> TaskOutput for Result<T, E> {
    fn into_result(self) -> TaskResult {
        self.map_err(Into::into).and_then(|value| Ok(serde_json::to_value(value)?))
    }
}

macro_rules! plain_output {
    ($($type:ty),*) => {$(
        impl TaskOutput for $type {
            fn into_result(self) -> TaskResult {
                Ok(serde_json::to_value(self)?)
            }
        }
    )*};
}
plain_output!(
    bool,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    usize,
    isize,
    f32,
    f64,
    String,
    &'static str,
    Value
);

impl<T: Serialize> TaskOutput for Option<T> {
    fn into_result(self) -> TaskResult {
        Ok(serde_json::to_value(self)?)
    }
}

impl<T: Serialize> TaskOutput for Vec<T> {
    fn into_result(self) -> TaskResult {
        Ok(serde_json::to_value(self)?)
    }
}
