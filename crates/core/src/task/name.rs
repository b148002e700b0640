//! The name of a task.

use crate::error::name_type;

name_type! {
    /// The name under which a task is stored and found again: chosen by a person, never a Rust path.
    ///
    /// ```
    /// assert_eq!(punctual_core::TaskName::new("send_mail").unwrap().as_str(), "send_mail");
    /// ```
    TaskName, "task name"
}

impl TaskName {
    /// A new name for a function without one: a closure, which only this process can run.
    #[must_use]
    pub fn closure() -> Self {
        Self(format!("closure {}", uuid::Uuid::new_v4().simple()).into())
    }

    /// No name: that of a job which has not been given its task yet.
    pub(crate) fn blank() -> Self {
        Self("".into())
    }
}
