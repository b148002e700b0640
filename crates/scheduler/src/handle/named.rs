//! Stores and executors under the aliases that a builder was given.

use punctual_core::{Alias, NameError};

use crate::error::SchedulerError;

/// Adds a component under the alias `default`, if there is none and `make` has one.
pub(super) fn add_default<T>(components: &mut Vec<(Alias, T)>, make: impl FnOnce() -> Option<T>) {
    if !components.iter().any(|(alias, _)| *alias == Alias::default()) {
        components.extend(make().map(|component| (Alias::default(), component)));
    }
}

/// The components under their aliases, in their order.
///
/// # Errors
///
/// For the first alias that is not valid, or taken.
pub(super) fn named<T>(
    kind: &'static str,
    components: Vec<(Result<Alias, NameError>, T)>,
) -> Result<Vec<(Alias, T)>, SchedulerError> {
    let mut named: Vec<(Alias, T)> = Vec::with_capacity(components.len());
    for (alias, component) in components {
        let alias = alias?;
        if named.iter().any(|(known, _)| *known == alias) {
            return Err(SchedulerError::AliasTaken { kind, alias });
        }
        named.push((alias, component));
    }
    Ok(named)
}
