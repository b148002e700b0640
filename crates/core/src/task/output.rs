//! Return types of tasks.

use serde::Serialize;
use serde_json::Value;

/// The error of a task. Any error type or text can be converted with `?` or `.into()`.
pub type TaskError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a run: the value included in events, or the error of the task.
pub type TaskResult = Result<Value, TaskError>;

/// Return types of closures: `()`, a `Result`, or a common type such as an integer, a `String` or a `Vec`.
///
/// Functions with `#[task]` may return any type that implements `Serialize` and do not need this trait.
#[diagnostic::on_unimplemented(
    message = "a closure that is used as a job can't return `{Self}`",
    note = "return nothing, a `Result` or a type that implements `TaskOutput`; a `#[task]` may return any type that implements `Serialize`"
)]
pub trait TaskOutput {
    /// Converts the return value into the value included in events, or the error.
    ///
    /// # Errors
    ///
    /// Returns the error of the task, or an error if its value can't be serialized.
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
