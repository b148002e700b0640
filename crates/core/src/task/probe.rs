//! What `#[task]` asks about types that it can't see.
//!
//! `(&returned).kind().finish(returned)` finds the kind that needs no further reference first.

use std::error::Error;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{TaskError, TaskOutput, TaskResult};

// Between "may fail" and "is a value". What the types must be able to do is asked by `finish` alone, so that a
// `Result` whose error is not an error does not compile, instead of passing as a value.

/// The function may fail.
pub trait FallibleKind {
    /// Which kind.
    fn kind(&self) -> Fallible {
        Fallible
    }
}

impl<T, E> FallibleKind for Result<T, E> {}

/// The function returns a value.
pub trait PlainKind {
    /// Which kind.
    fn kind(&self) -> Plain {
        Plain
    }
}

impl<T> PlainKind for &T {}

/// Finishes what may have failed.
#[derive(Debug)]
pub struct Fallible;

impl Fallible {
    /// What the run ended with.
    pub fn finish<T: Serialize, E: Into<TaskError>>(self, result: Result<T, E>) -> TaskResult {
        result.into_result()
    }
}

/// Finishes a value.
#[derive(Debug)]
pub struct Plain;

impl Plain {
    /// What the run ended with.
    pub fn finish<T: Serialize>(self, value: T) -> TaskResult {
        Ok(serde_json::to_value(value)?)
    }
}

// Between "its error can be read in another process" and not.

/// What a function returns, of which there is only the type.
pub type Returned<T> = PhantomData<fn() -> T>;

/// It can: serde knows how.
pub trait ReadableErrorKind<E> {
    /// Which kind.
    fn kind(&self) -> ReadableError<E> {
        ReadableError(PhantomData)
    }
}

impl<T, E> ReadableErrorKind<E> for Returned<Result<T, E>> where
    E: Error + Serialize + DeserializeOwned + Send + Sync + 'static
{
}

/// It can't, or there is none.
pub trait UnreadableErrorKind {
    /// Which kind.
    fn kind(&self) -> UnreadableError {
        UnreadableError
    }
}

impl<T> UnreadableErrorKind for &Returned<T> {}

/// Writes and reads the error.
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

/// Leaves the error to its text.
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
