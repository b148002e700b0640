//! From wall times to instants.

use punctual_core::{CivilOffset, Zone};

use super::{Fold, Gap};

/// A set of civil seconds, such as "every day at 05:30".
pub(crate) trait WallTimes {
    /// The first member that is not before `civil`.
    fn at_or_after(&self, civil: i64) -> Option<i64>;

    /// The last member that is not after `civil`.
    fn at_or_before(&self, civil: i64) -> Option<i64>;
}

/// The line of instants as a zone's clock shows it, with a policy for the times that the clock skips or
/// shows twice.
///
/// The line is made of spans of constant offset. In each, a wall time stands for the instant that is
/// that offset away; only at the joints between two spans the policy has a say. Both searches visit the
/// spans in order, but go at once to the one in which the next wall time lies.
#[derive(Clone, Debug)]
pub(crate) struct Timeline {
    pub(crate) zone: Zone,
    pub(crate) gap: Gap,
    pub(crate) fold: Fold,
}

impl Timeline {
    /// The first instant, in UTC seconds, that is not before `utc` and that `walls` mean.
    pub(crate) fn at_or_after(&self, walls: &impl WallTimes, mut utc: i64) -> Option<i64> {
        loop {
            let stretch = Stretch::at(self, utc);
            let from = stretch.low.max(utc + stretch.offset);
            let wall = walls.at_or_after(from);
            let regular =
                wall.filter(|&wall| wall < stretch.high).map(|wall| wall - stretch.offset);
            let moved = stretch.first_moved(self.gap, walls, utc);
            if let Some(first) = regular.into_iter().chain(moved).min() {
                return Some(first);
            }
            if stretch.end == i64::MAX {
                return None;
            }
            // Walls of the rest of the line begin here; the second pass of a fold begins before this
            // span's own end.
            let rest = stretch.end + stretch.offset.min(stretch.offset_after);
            let wall = match wall {
                None if from <= rest => return None,
                Some(wall) if from <= rest && rest <= wall => wall,
                _ => walls.at_or_after(rest)?,
            };
            utc = stretch.end.max(wall - i64::from(self.zone.offset_range().1));
        }
    }

    /// The last instant, in UTC seconds, that is not after `utc` and that `walls` mean.
    pub(crate) fn at_or_before(&self, walls: &impl WallTimes, mut utc: i64) -> Option<i64> {
        loop {
            let stretch = Stretch::at(self, utc);
            let until = (utc + stretch.offset).min(stretch.high.saturating_sub(1));
            let wall = walls.at_or_before(until);
            let regular =
                wall.filter(|&wall| wall >= stretch.low).map(|wall| wall - stretch.offset);
            let moved = stretch.last_moved(self.gap, walls, utc);
            if let Some(last) = regular.into_iter().chain(moved).max() {
                return Some(last);
            }
            if stretch.start == i64::MIN {
                return None;
            }
            let rest = stretch.start + stretch.offset.max(stretch.offset_before) - 1;
            let wall = match wall {
                None if rest <= until => return None,
                Some(wall) if wall <= rest && rest <= until => wall,
                _ => walls.at_or_before(rest)?,
            };
            utc = (stretch.start - 1).min(wall - i64::from(self.zone.offset_range().0));
        }
    }
}

/// A span of constant offset and the wall times that are regular in it.
struct Stretch {
    start: i64,
    end: i64,
    offset: i64,
    offset_before: i64,
    offset_after: i64,
    /// The first regular wall time.
    low: i64,
    /// The wall time after the last regular one.
    high: i64,
}

impl Stretch {
    fn at(timeline: &Timeline, utc: i64) -> Self {
        let span = timeline.zone.span_at(utc);
        let (offset, before, after) =
            (i64::from(span.offset), i64::from(span.offset_before), i64::from(span.offset_after));
        // Of a repeated stretch, the policy may drop the pass that is here.
        let low = if timeline.fold == Fold::First { offset.max(before) } else { offset };
        let high = if timeline.fold == Fold::Second { offset.min(after) } else { offset };
        Self {
            start: span.start,
            end: span.end,
            offset,
            offset_before: before,
            offset_after: after,
            low: span.start.saturating_add(low),
            high: span.end.saturating_add(high),
        }
    }

    /// Whether there is a gap before this span that can still yield something at or after `utc`.
    fn gap_reaches(&self, utc: i64) -> bool {
        self.offset_before < self.offset && utc < self.start + (self.offset - self.offset_before)
    }

    /// The first instant at or after `utc` that comes from a wall time in the gap before this span.
    fn first_moved(&self, gap: Gap, walls: &impl WallTimes, utc: i64) -> Option<i64> {
        if gap == Gap::Skip || !self.gap_reaches(utc) {
            return None;
        }
        let from = match gap {
            Gap::NextValid if utc > self.start => return None,
            Gap::NextValid => self.start + self.offset_before,
            _ => utc + self.offset_before,
        };
        let wall = walls.at_or_after(from).filter(|&wall| wall < self.start + self.offset)?;
        Some(if gap == Gap::NextValid { self.start } else { wall - self.offset_before })
    }

    /// The last instant at or before `utc` that comes from a wall time in the gap before this span.
    fn last_moved(&self, gap: Gap, walls: &impl WallTimes, utc: i64) -> Option<i64> {
        if gap == Gap::Skip || self.offset_before >= self.offset {
            return None;
        }
        let in_gap = self.start + self.offset - 1;
        let until = match gap {
            Gap::NextValid => in_gap,
            _ => in_gap.min(utc + self.offset_before),
        };
        let wall =
            walls.at_or_before(until).filter(|&wall| wall >= self.start + self.offset_before)?;
        Some(if gap == Gap::NextValid { self.start } else { wall - self.offset_before })
    }
}

/// The instant that a single local time means: shifted out of a gap, the first pass of a fold.
pub(crate) fn resolve(zone: &Zone, civil: i64) -> i64 {
    let offset = match zone.resolve_civil(civil) {
        CivilOffset::Unique(offset) => offset,
        CivilOffset::Gap { before, .. } => before,
        CivilOffset::Fold { first, .. } => first,
    };
    civil - i64::from(offset)
}
