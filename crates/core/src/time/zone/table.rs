//! The offsets of a zone as a sorted table of transitions with an index.
//!
//! The table extends from the first recorded transition to the year 2502. After its last explicit transition, zone
//! data consists of a yearly rule on Gregorian weekdays. Since the weekdays of the Gregorian calendar repeat every
//! 400 years, later instants are mapped to the years 2100 to 2500.

/// 400 Gregorian years in seconds, a whole number of weeks.
const CYCLE: i64 = 146_097 * 86_400;
/// 2500-01-01T00:00:00Z: this instant and all later ones are mapped to an earlier cycle.
const CYCLE_START: i64 = 16_725_225_600;
/// The end of the table: two years after [`CYCLE_START`], so that every span to which instants are mapped has an end.
pub(super) const TABLE_END: i64 = CYCLE_START + 2 * 366 * 86_400;
/// The width of a bucket of the index: 2^23 seconds, about 97 days. Most buckets contain at most one transition.
const BUCKET_BITS: u32 = 23;

/// A span of time in which the offset of a zone from UTC is constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZoneSpan {
    /// The first second, in UTC since the Unix epoch; `i64::MIN` for the first span.
    pub start: i64,
    /// The second after the last one; `i64::MAX` for the last span.
    pub end: i64,
    /// The offset from UTC in seconds, positive in the east.
    pub offset: i32,
    /// The offset before `start`; equal to `offset` for the first span.
    pub offset_before: i32,
    /// The offset from `end` on; equal to `offset` for the last span.
    pub offset_after: i32,
    pub(super) abbreviation: u16,
}

/// The resolution of a local time in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CivilOffset {
    /// The local time exists once, at this offset from UTC in seconds.
    Unique(i32),
    /// The local time is skipped: the offset changes from `before` to `after` at the UTC second `at`.
    Gap {
        /// The offset before the transition.
        before: i32,
        /// The larger offset after it.
        after: i32,
        /// The transition, in UTC seconds since the Unix epoch.
        at: i64,
    },
    /// The local time exists twice, first at the offset `first`, then at the smaller offset `second`.
    Fold {
        /// The offset of the first pass.
        first: i32,
        /// The offset of the second pass.
        second: i32,
        /// The transition between the two, in UTC seconds since the Unix epoch.
        at: i64,
    },
}

/// A transition: the offset and its abbreviation from `start` on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transition {
    pub(super) start: i64,
    pub(super) offset: i32,
    pub(super) abbreviation: u16,
}

pub(super) struct TransitionTable {
    entries: Box<[Transition]>,
    /// For every bucket, starting at the first transition, the index of the entry in effect at its start.
    buckets: Box<[u16]>,
    abbreviations: Box<[Box<str>]>,
    min_offset: i32,
    max_offset: i32,
    /// Whether the transitions continue forever.
    recurring: bool,
}

impl TransitionTable {
    /// `entries` must be sorted, and the first one must start at `i64::MIN`.
    pub(super) fn new(entries: Vec<Transition>, abbreviations: Vec<Box<str>>) -> Self {
        let offsets = entries.iter().map(|entry| entry.offset);
        Self {
            buckets: build_buckets(&entries),
            min_offset: offsets.clone().min().unwrap_or(0),
            max_offset: offsets.max().unwrap_or(0),
            recurring: entries.last().is_some_and(|last| last.start >= CYCLE_START),
            entries: entries.into(),
            abbreviations: abbreviations.into(),
        }
    }

    pub(super) fn fixed(offset: i32, abbreviation: &str) -> Self {
        Self::new(
            vec![Transition { start: i64::MIN, offset, abbreviation: 0 }],
            vec![abbreviation.into()],
        )
    }

    pub(super) fn abbreviation(&self, index: u16) -> &str {
        &self.abbreviations[usize::from(index)]
    }

    pub(super) fn offset_range(&self) -> (i32, i32) {
        (self.min_offset, self.max_offset)
    }

    /// Returns a hash (FNV-1a) of the offset at the start of 1970 and of all later transitions between different
    /// offsets. Earlier transitions are ignored, because packagers of zone files omit some of them.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        let mut offset = None;
        for entry in &self.entries[self.position(0)..] {
            // A transition that changes only the abbreviation does not affect fire times.
            if offset != Some(entry.offset) {
                hash.add(&entry.start.max(0).to_le_bytes());
                hash.add(&entry.offset.to_le_bytes());
                offset = Some(entry.offset);
            }
        }
        hash.0
    }

    pub(super) fn span_at(&self, utc: i64) -> ZoneSpan {
        let shift = self.cycle_shift(utc);
        let mut span = self.span(self.position(utc - shift));
        // Mapped instants are in spans with a start and an end.
        if shift != 0 {
            span.start += shift;
            span.end += shift;
        }
        span
    }

    /// Returns the multiple of the cycle by which a time is mapped back.
    fn cycle_shift(&self, seconds: i64) -> i64 {
        if seconds >= CYCLE_START && self.recurring {
            ((seconds - CYCLE_START) / CYCLE + 1) * CYCLE
        } else {
            0
        }
    }

    fn position(&self, utc: i64) -> usize {
        let last = self.entries.len() - 1;
        let Some(first) = self.entries.get(1) else {
            return 0;
        };
        let Ok(bucket) = usize::try_from(utc.saturating_sub(first.start) >> BUCKET_BITS) else {
            return 0;
        };
        let mut position = self.buckets.get(bucket).map_or(last, |&entry| usize::from(entry));
        while position < last && self.entries[position + 1].start <= utc {
            position += 1;
        }
        position
    }

    fn span(&self, position: usize) -> ZoneSpan {
        let entry = self.entries[position];
        let before = position.checked_sub(1).map_or(entry, |p| self.entries[p]);
        let after = self.entries.get(position + 1);
        ZoneSpan {
            start: entry.start,
            end: after.map_or(i64::MAX, |after| after.start),
            offset: entry.offset,
            offset_before: before.offset,
            offset_after: after.map_or(entry.offset, |after| after.offset),
            abbreviation: entry.abbreviation,
        }
    }

    pub(super) fn resolve(&self, civil: i64) -> CivilOffset {
        let shift = self.cycle_shift(civil);
        let civil = civil - shift;
        // Start with the first span that may contain the time, and continue while the time is later.
        let mut position = self.position(civil - i64::from(self.max_offset));
        let mut span = self.span(position);
        loop {
            if civil - i64::from(span.offset) < span.end {
                break;
            }
            // The time is after the end of this span. If it is before the start of the next one, it is in a gap.
            if civil - i64::from(span.offset_after) < span.end {
                let (before, after) = (span.offset, span.offset_after);
                return CivilOffset::Gap { before, after, at: span.end + shift };
            }
            position += 1;
            span = self.span(position);
        }
        if span.end != i64::MAX && civil - i64::from(span.offset_after) >= span.end {
            let (first, second) = (span.offset, span.offset_after);
            return CivilOffset::Fold { first, second, at: span.end + shift };
        }
        CivilOffset::Unique(span.offset)
    }
}

/// The Fowler–Noll–Vo hash, whose value is the same on every machine and in every release.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn build_buckets(entries: &[Transition]) -> Box<[u16]> {
    let [_, first, .., last] = entries else {
        return Box::default();
    };
    let mut position = 0;
    (first.start..=last.start)
        .step_by(1 << BUCKET_BITS)
        .map(|start| {
            while entries.get(position + 1).is_some_and(|next| next.start <= start) {
                position += 1;
            }
            // A table has at most some thousand entries.
            u16::try_from(position).unwrap_or(u16::MAX)
        })
        .collect()
}
