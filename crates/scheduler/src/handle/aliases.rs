//! Checks of the aliases under which stores and executors are added to a builder.

use punctual_core::{Alias, NameError};

use crate::error::SchedulerError;

/// Adds the component returned by `make`, if any, under the alias `default`, unless the alias is taken.
pub(super) fn add_default<T>(components: &mut Vec<(Alias, T)>, make: impl FnOnce() -> Option<T>) {
    if !components.iter().any(|(alias, _)| *alias == Alias::default()) {
        components.extend(make().map(|component| (Alias::default(), component)));
    }
}

/// Returns the components with valid aliases, in the same order.
///
/// # Errors
///
/// The error for the first alias that is invalid or taken.
pub(super) fn check_aliases<T>(
    kind: &'static str,
    components: Vec<(Result<Alias, NameError>, T)>,
) -> Result<Vec<(Alias, T)>, SchedulerError> {
    let mut checked: Vec<(Alias, T)> = Vec::with_capacity(components.len());
    for (alias, component) in components {
        let alias = alias?;
        if checked.iter().any(|(other, _)| *other == alias) {
            return Err(SchedulerError::AliasTaken { kind, alias });
        }
        checked.push((alias, component));
    }
    Ok(checked)
}
