//! A zone's offsets as a sorted table: transitions are looked up, never probed.
//!
//! The table goes from the first recorded transition to the year 2502. Zone data beyond its last explicit
//! transition is a yearly rule on Gregorian weekdays, and the Gregorian calendar repeats itself every
//! 400 years to the weekday, so later instants are folded back into the years 2100 to 2500.

/// 400 Gregorian years in seconds: whole weeks.
const CYCLE: i64 = 146_097 * 86_400;
/// 2500-01-01T00:00:00Z: from here on instants are folded back.
const FOLD_FROM: i64 = 16_725_225_600;
/// The instant up to which transitions are tabled: two years after the fold, so that its last span ends.
pub(super) const TABLE_END: i64 = FOLD_FROM + 2 * 366 * 86_400;
/// A bucket of the index is 2^23 seconds, about 97 days, wide: mostly it holds one transition or none.
const BUCKET_BITS: u32 = 23;

/// A stretch of time in which a zone's offset from UTC stays the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ZoneSpan {
    /// Its first second, counted in UTC since the Unix epoch; `i64::MIN` for the first span.
    pub start: i64,
    /// The second after its last; `i64::MAX` for the last span.
    pub end: i64,
    /// The offset from UTC in seconds, positive in the east.
    pub offset: i32,
    /// The offset before `start`; the same as `offset` for the first span.
    pub offset_before: i32,
    /// The offset from `end` on; the same as `offset` for the last span.
    pub offset_after: i32,
    pub(super) abbreviation: u16,
}

/// What a local time means in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CivilOffset {
    /// It occurs once, at this offset from UTC in seconds.
    Unique(i32),
    /// It is skipped: the clock goes from the offset `before` to the offset `after` at the UTC second `at`.
    Gap {
        /// The offset before the transition.
        before: i32,
        /// The larger offset after it.
        after: i32,
        /// The transition.
        at: i64,
    },
    /// It occurs twice, first at the offset `first`, then at the smaller offset `second`.
    Fold {
        /// The offset of the first pass.
        first: i32,
        /// The offset of the second pass.
        second: i32,
        /// The transition between the two.
        at: i64,
    },
}

/// From `start` on, the offset and its abbreviation are these.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) start: i64,
    pub(super) offset: i32,
    pub(super) abbreviation: u16,
}

pub(super) struct Table {
    entries: Box<[Entry]>,
    /// For every bucket, counted from the first transition, the entry in force at its beginning.
    buckets: Box<[u16]>,
    abbreviations: Box<[Box<str>]>,
    min_offset: i32,
    max_offset: i32,
    /// Whether transitions go on for ever.
    recurring: bool,
}

impl Table {
    /// `entries` begin with one at `i64::MIN` and are sorted.
    pub(super) fn new(entries: Vec<Entry>, abbreviations: Vec<Box<str>>) -> Self {
        let offsets = entries.iter().map(|entry| entry.offset);
        Self {
            buckets: index(&entries),
            min_offset: offsets.clone().min().unwrap_or(0),
            max_offset: offsets.max().unwrap_or(0),
            recurring: entries.last().is_some_and(|last| last.start >= FOLD_FROM),
            entries: entries.into(),
            abbreviations: abbreviations.into(),
        }
    }

    pub(super) fn fixed(offset: i32, abbreviation: &str) -> Self {
        Self::new(
            vec![Entry { start: i64::MIN, offset, abbreviation: 0 }],
            vec![abbreviation.into()],
        )
    }

    pub(super) fn abbreviation(&self, index: u16) -> &str {
        &self.abbreviations[usize::from(index)]
    }

    pub(super) fn offset_range(&self) -> (i32, i32) {
        (self.min_offset, self.max_offset)
    }

    /// A hash (FNV-1a) of the offset at the beginning of 1970 and of all transitions between different
    /// offsets from then on. What was before is left out: packagers keep more or less of it.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        let mut offset = None;
        for entry in &self.entries[self.position(0)..] {
            // One that only changes the abbreviation changes no fire.
            if offset != Some(entry.offset) {
                hash.add(&entry.start.max(0).to_le_bytes());
                hash.add(&entry.offset.to_le_bytes());
                offset = Some(entry.offset);
            }
        }
        hash.0
    }

    pub(super) fn span_at(&self, utc: i64) -> ZoneSpan {
        let shift = self.shift(utc);
        let mut span = self.span(self.position(utc - shift));
        // Folded instants lie in spans that begin and end.
        if shift != 0 {
            span.start += shift;
            span.end += shift;
        }
        span
    }

    /// How far to fold a time back.
    fn shift(&self, seconds: i64) -> i64 {
        if seconds >= FOLD_FROM && self.recurring {
            ((seconds - FOLD_FROM) / CYCLE + 1) * CYCLE
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
        let shift = self.shift(civil);
        let civil = civil - shift;
        // The first span that can contain it, and then its followers while they can.
        let mut position = self.position(civil - i64::from(self.max_offset));
        let mut span = self.span(position);
        loop {
            if civil - i64::from(span.offset) < span.end {
                break;
            }
            // Past this span's end: skipped, unless it lies past the next one's beginning too.
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

/// Fowler, Noll and Vo's hash: its value is the same on every machine and in every release.
struct Fnv(u64);

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

fn index(entries: &[Entry]) -> Box<[u16]> {
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
            // A table has some thousand entries at most.
            u16::try_from(position).unwrap_or(u16::MAX)
        })
        .collect()
}
