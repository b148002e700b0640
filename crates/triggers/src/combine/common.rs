//! Where several intervals meet.

use std::sync::Arc;

use punctual_core::{Timestamp, Trigger};

use crate::IntervalTrigger;
use crate::interval::Grid;

/// The instants that all intervals among some triggers share: a grid again, or nothing. Without it, an And of
/// two intervals would look for it step by step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Common {
    /// There is no interval.
    Everywhere,
    On(Grid),
    Nowhere,
}

impl Common {
    pub(super) fn of(triggers: &[Arc<dyn Trigger>]) -> Self {
        let specs = triggers.iter().map(|trigger| trigger.spec());
        let intervals = specs.filter(|spec| spec.kind() == IntervalTrigger::KIND);
        let grids = intervals.filter_map(|spec| IntervalTrigger::restore(&spec).ok());
        grids.fold(Self::Everywhere, |common, interval| match common {
            Self::Everywhere => Self::On(interval.grid()),
            Self::On(grid) => grid.meet(interval.grid()).map_or(Self::Nowhere, Self::On),
            Self::Nowhere => Self::Nowhere,
        })
    }

    /// The first of the instants that is not before `from`.
    pub(super) fn at_or_after(self, from: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Everywhere => Some(from),
            Self::On(grid) => grid.at_or_after(from),
            Self::Nowhere => None,
        }
    }

    /// The last of the instants that is not after `until`.
    pub(super) fn at_or_before(self, until: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Everywhere => Some(until),
            Self::On(grid) => grid.at_or_before(until),
            Self::Nowhere => None,
        }
    }
}
