//! The intersection of several interval triggers.

use std::sync::Arc;

use punctual_core::{Timestamp, Trigger};

use crate::IntervalTrigger;
use crate::interval::ArithmeticSequence;

/// The intersection of the fire times of all interval triggers among the members: an arithmetic sequence, or empty. It
/// makes a search for the common fire times of several intervals unnecessary.
#[derive(Clone, Copy, Debug)]
pub(super) enum IntervalIntersection {
    /// There is no interval trigger.
    Unconstrained,
    Sequence(ArithmeticSequence),
    Empty,
}

impl IntervalIntersection {
    pub(super) fn of(triggers: &[Arc<dyn Trigger>]) -> Self {
        let specs = triggers.iter().map(|trigger| trigger.spec());
        let intervals = specs.filter(|spec| spec.kind() == IntervalTrigger::KIND);
        let sequences = intervals.filter_map(|spec| IntervalTrigger::restore(&spec).ok());
        sequences.fold(Self::Unconstrained, |common, interval| match common {
            Self::Unconstrained => Self::Sequence(interval.sequence()),
            Self::Sequence(sequence) => {
                sequence.intersect(interval.sequence()).map_or(Self::Empty, Self::Sequence)
            }
            Self::Empty => Self::Empty,
        })
    }

    /// Returns the first instant of the intersection at or after `from`.
    pub(super) fn at_or_after(self, from: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Unconstrained => Some(from),
            Self::Sequence(sequence) => sequence.at_or_after(from),
            Self::Empty => None,
        }
    }

    /// Returns the last instant of the intersection at or before `until`.
    pub(super) fn at_or_before(self, until: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Unconstrained => Some(until),
            Self::Sequence(sequence) => sequence.at_or_before(until),
            Self::Empty => None,
        }
    }
}
