//! Selects implementations by return type for `#[task]`, which sees types only as tokens (autoref specialization).
//!
//! `(&returned).kind().finish(returned)` resolves to the implementation that needs the fewest references.

use std::error::Error;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{TaskError, TaskOutput, TaskResult};

// The first selection distinguishes `Result` from other types. Only `finish` has trait bounds: a `Result` whose error
// type is not an error then fails to compile instead of being treated as a plain value.

/// Selected for functions that return a `Result`.
pub trait FallibleKind {
    /// Returns the selected implementation.
    fn kind(&self) -> Fallible {
        Fallible
    }
}

impl<T, E> FallibleKind for Result<T, E> {}

/// Selected for functions that return any other type.
pub trait PlainKind {
    /// Returns the selected implementation.
    fn kind(&self) -> Plain {
        Plain
    }
}

impl<T> PlainKind for &T {}

/// Converts a `Result`.
#[derive(Debug)]
pub struct Fallible;

impl Fallible {
    /// Returns the result of the run.
    pub fn finish<T: Serialize, E: Into<TaskError>>(self, result: Result<T, E>) -> TaskResult {
        result.into_result()
    }
}

/// Converts a plain value.
#[derive(Debug)]
pub struct Plain;

impl Plain {
    /// Returns the result of the run.
    pub fn finish<T: Serialize>(self, value: T) -> TaskResult {
        Ok(serde_json::to_value(value)?)
    }
}

// The second selection distinguishes error types that can be serialized and deserialized from all others.

/// The return type of a function, without a value.
pub type Returned<T> = PhantomData<fn() -> T>;

/// Selected for error types that implement `Serialize` and `DeserializeOwned`.
pub trait ReadableErrorKind<E> {
    /// Returns the selected implementation.
    fn kind(&self) -> ReadableError<E> {
        ReadableError(PhantomData)
    }
}

impl<T, E> ReadableErrorKind<E> for Returned<Result<T, E>> where
    E: Error + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// Selected for all other return types.
pub trait UnreadableErrorKind {
    /// Returns the selected implementation.
    fn kind(&self) -> UnreadableError {
        UnreadableError
    }
}

impl<T> UnreadableErrorKind for &Returned<T> {}

/// Serializes and deserializes the error.
#[derive(Debug)]
pub struct ReadableError<E>(PhantomData<fn() -> E>);

impl<E: Error + Serialize + DeserializeOwned + Send + Sync + 'static> ReadableError<E> {
    /// See [`Task::write_error`](super::Task::write_error).
    #[must_use]
    pub fn write(self, error: &TaskError) -> Option<Value> {
        serde_json::to_value(error.downcast_ref::<E>()?).ok()
    }

    /// See [`Task::read_error`](super::Task::read_error).
    #[must_use]
    pub fn read(self, written: Value) -> Option<TaskError> {
        serde_json::from_value::<E>(written).ok().map(Into::into)
    }
}

/// Transfers no error: its text is used instead.
#[derive(Debug)]
pub struct UnreadableError;

impl UnreadableError {
    /// See [`Task::write_error`](super::Task::write_error).
    #[must_use]
    pub fn write(self, _: &TaskError) -> Option<Value> {
        None
    }

    /// See [`Task::read_error`](super::Task::read_error).
    #[must_use]
    pub fn read(self, _: Value) -> Option<TaskError> {
        None
    }
}
