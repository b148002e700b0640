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

/// Prefix of the names of closures.
const CLOSURE: &str = "closure ";

impl TaskName {
    /// Returns a new random name for a closure, which only this process can run.
    #[must_use]
    pub fn closure() -> Self {
        Self(format!("{CLOSURE}{}", uuid::Uuid::new_v4().simple()).into())
    }

    /// Returns whether the name is that of a closure.
    ///
    /// ```
    /// use punctual_core::TaskName;
    ///
    /// assert!(TaskName::closure().is_closure());
    /// assert!(!TaskName::new("closure of accounts").unwrap().is_closure());
    /// ```
    #[must_use]
    pub fn is_closure(&self) -> bool {
        let id = self.as_str().strip_prefix(CLOSURE);
        id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
    }
}
