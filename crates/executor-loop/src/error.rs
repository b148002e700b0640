//! Errors.

/// A loop can't be attached to an executor.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// Another loop is attached. An executor has one loop at a time.
    #[error("another loop is attached to the executor")]
    AlreadyAttached,
    /// The descriptor or source that wakes the loop can't be created or registered.
    #[error("the loop can't be woken")]
    Wake(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AttachError {
    /// Creates [`Wake`](Self::Wake), for adapters to other loops.
    ///
    /// ```
    /// use punctual_executor_loop::AttachError;
    ///
    /// let error = AttachError::wake(std::io::Error::other("no descriptors"));
    /// assert_eq!(error.to_string(), "the loop can't be woken");
    /// ```
    #[must_use]
    pub fn wake(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Wake(source.into())
    }
}

/// A [`LocalTask`](crate::LocalTask) was executed on a thread other than that of its loop, or after its loop has ended.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the closure belongs to a loop that has ended, or runs on another thread: its job needs the executor of that loop"
)]
#[non_exhaustive]
pub struct LocalTaskError;

punctual_core::error_debug!(AttachError);
punctual_core::error_debug!(LocalTaskError);
