//! The name of a task.

use crate::error::name_type;

name_type! {
    /// The name of a task in stores and in the registry: chosen by the user, never derived from a Rust path.
    ///
    /// ```
    /// assert_eq!(punctual_core::TaskName::new("send_mail").unwrap().as_str(), "send_mail");
    /// ```
    TaskName, "task name"
}

impl TaskName {
    /// Returns a new random name for a closure, which only this process can run.
    #[must_use]
    pub fn closure() -> Self {
        Self(format!("closure {}", uuid::Uuid::new_v4().simple()).into())
    }
}
