//! Resolution of local times to instants.

use punctual_core::{CivilOffset, Zone};

use super::{Fold, Gap};

/// A set of local times in civil seconds, such as "every day at 05:30".
pub(crate) trait LocalTimeSet {
    /// Returns the first element at or after `civil`.
    fn at_or_after(&self, civil: i64) -> Option<i64>;

    /// Returns the last element at or before `civil`.
    fn at_or_before(&self, civil: i64) -> Option<i64>;
}

/// Maps local times to instants in a zone, with policies for DST gaps and folds.
///
/// The zone is divided into spans of constant offset. Within a span, the instant is the local time minus the offset;
/// at a transition, the policies apply. Both searches visit spans in order and skip spans without a matching local
/// time.
#[derive(Clone, Debug)]
pub(crate) struct LocalTimeResolver {
    pub(crate) zone: Zone,
    pub(crate) gap: Gap,
    pub(crate) fold: Fold,
}

impl LocalTimeResolver {
    /// Returns the first instant at or after `utc` to which an element of `local_times` resolves, in UTC seconds.
    pub(crate) fn at_or_after(&self, local_times: &impl LocalTimeSet, mut utc: i64) -> Option<i64> {
        loop {
            let span = ResolvedSpan::at(self, utc);
            let from = span.local_start.max(utc + span.offset);
            let local = local_times.at_or_after(from);
            let regular =
                local.filter(|&local| local < span.local_end).map(|local| local - span.offset);
            let shifted = span.first_shifted(self.gap, local_times, utc);
            if let Some(first) = regular.into_iter().chain(shifted).min() {
                return Some(first);
            }
            if span.end == i64::MAX {
                return None;
            }
            // A lower bound of the local times after this span. In a fold, it is before the local end of this span.
            let rest = span.end + span.offset.min(span.offset_after);
            let local = match local {
                None if from <= rest => return None,
                Some(local) if from <= rest && rest <= local => local,
                _ => local_times.at_or_after(rest)?,
            };
            utc = span.end.max(local - i64::from(self.zone.offset_range().1));
        }
    }

    /// Returns the last instant at or before `utc` to which an element of `local_times` resolves, in UTC seconds.
    pub(crate) fn at_or_before(
        &self,
        local_times: &impl LocalTimeSet,
        mut utc: i64,
    ) -> Option<i64> {
        loop {
            let span = ResolvedSpan::at(self, utc);
            let until = (utc + span.offset).min(span.local_end.saturating_sub(1));
            let local = local_times.at_or_before(until);
            let regular =
                local.filter(|&local| local >= span.local_start).map(|local| local - span.offset);
            let shifted = span.last_shifted(self.gap, local_times, utc);
            if let Some(last) = regular.into_iter().chain(shifted).max() {
                return Some(last);
            }
            if span.start == i64::MIN {
                return None;
            }
            let rest = span.start + span.offset.max(span.offset_before) - 1;
            let local = match local {
                None if rest <= until => return None,
                Some(local) if local <= rest && rest <= until => local,
                _ => local_times.at_or_before(rest)?,
            };
            utc = (span.start - 1).min(local - i64::from(self.zone.offset_range().0));
        }
    }
}

/// A span of constant offset and the range of local times that resolve to instants in it without a shift.
struct ResolvedSpan {
    start: i64,
    end: i64,
    offset: i64,
    offset_before: i64,
    offset_after: i64,
    /// The first local time of the range.
    local_start: i64,
    /// The local time after the range.
    local_end: i64,
}

impl ResolvedSpan {
    fn at(resolver: &LocalTimeResolver, utc: i64) -> Self {
        let span = resolver.zone.span_at(utc);
        let (offset, before, after) =
            (i64::from(span.offset), i64::from(span.offset_before), i64::from(span.offset_after));
        // The fold policy may exclude the repeated local times of this span.
        let low = if resolver.fold == Fold::First { offset.max(before) } else { offset };
        let high = if resolver.fold == Fold::Second { offset.min(after) } else { offset };
        Self {
            start: span.start,
            end: span.end,
            offset,
            offset_before: before,
            offset_after: after,
            local_start: span.start.saturating_add(low),
            local_end: span.end.saturating_add(high),
        }
    }

    /// Returns whether local times shifted out of a gap before this span can resolve to instants at or after `utc`.
    fn gap_affects(&self, utc: i64) -> bool {
        self.offset_before < self.offset && utc < self.start + (self.offset - self.offset_before)
    }

    /// Returns the first instant at or after `utc` that is shifted out of the gap before this span.
    fn first_shifted(&self, gap: Gap, local_times: &impl LocalTimeSet, utc: i64) -> Option<i64> {
        if gap == Gap::Skip || !self.gap_affects(utc) {
            return None;
        }
        let from = match gap {
            Gap::NextValid if utc > self.start => return None,
            Gap::NextValid => self.start + self.offset_before,
            _ => utc + self.offset_before,
        };
        let local =
            local_times.at_or_after(from).filter(|&local| local < self.start + self.offset)?;
        Some(if gap == Gap::NextValid { self.start } else { local - self.offset_before })
    }

    /// Returns the last instant at or before `utc` that is shifted out of the gap before this span.
    fn last_shifted(&self, gap: Gap, local_times: &impl LocalTimeSet, utc: i64) -> Option<i64> {
        if gap == Gap::Skip || self.offset_before >= self.offset {
            return None;
        }
        let in_gap = self.start + self.offset - 1;
        let until = match gap {
            Gap::NextValid => in_gap,
            _ => in_gap.min(utc + self.offset_before),
        };
        let local = local_times
            .at_or_before(until)
            .filter(|&local| local >= self.start + self.offset_before)?;
        Some(if gap == Gap::NextValid { self.start } else { local - self.offset_before })
    }
}

/// Resolves a single local time to UTC seconds: shifted forward out of a gap, to the first occurrence in a fold.
pub(crate) fn local_to_utc(zone: &Zone, civil: i64) -> i64 {
    let offset = match zone.resolve_civil(civil) {
        CivilOffset::Unique(offset) => offset,
        CivilOffset::Gap { before, .. } => before,
        CivilOffset::Fold { first, .. } => first,
    };
    civil - i64::from(offset)
}
