//! The name of a job store or an executor.

use crate::error::name_type;

name_type! {
    /// The name of a job store or an executor within its scheduler, such as `default`.
    Alias, "alias"
}

impl Default for Alias {
    /// Returns `default`, the alias of the store and the executor of jobs that specify none.
    fn default() -> Self {
        Self("default".into())
    }
}
