//! The years of a restricted year field.

use punctual_cron_syntax::FieldTerm;

use crate::civil::{FIRST_YEAR, LAST_YEAR, Year};

const WORDS: usize = (LAST_YEAR - FIRST_YEAR) as usize / 64 + 1;

/// A bit set of years from 1970 to 9999. Years without a matching day are omitted.
#[derive(Clone, Debug)]
pub(super) struct YearSet(Box<[u64; WORDS]>);

impl YearSet {
    /// The years in `terms` for which `has_day` returns true. The result of `has_day` must depend only on the layout of
    /// the year.
    pub(super) fn new(terms: &[FieldTerm], has_day: impl Fn(&Year) -> bool) -> Self {
        let with_days = Year::all_layouts().filter(|year| has_day(year));
        let layouts = with_days.fold(0, |layouts, year| layouts | 1 << year.layout_index());
        let mut list = Box::new([0; WORDS]);
        for &term in terms {
            let FieldTerm::Range { first, last, step } = term else {
                continue;
            };
            for year in (first..=last).step_by(step as usize) {
                let year = year as i32;
                if layouts >> Year::new(year).layout_index() & 1 != 0 {
                    let (word, bit) = bit_index(year);
                    list[word] |= 1 << bit;
                }
            }
        }
        Self(list)
    }

    pub(super) fn contains(&self, year: i32) -> bool {
        let (word, bit) = bit_index(year);
        self.0[word] >> bit & 1 != 0
    }

    /// Returns the first element at or after `year`.
    pub(super) fn at_or_after(&self, year: i32) -> Option<i32> {
        if year > LAST_YEAR {
            return None;
        }
        let (word, bit) = bit_index(year);
        let mut bits = self.0[word] & (u64::MAX << bit);
        for (index, following) in (word..WORDS).zip(self.0[word + 1..].iter().chain([&0])) {
            if bits != 0 {
                return Some(FIRST_YEAR + index as i32 * 64 + bits.trailing_zeros() as i32);
            }
            bits = *following;
        }
        None
    }

    /// Returns the last element at or before `year`.
    pub(super) fn at_or_before(&self, year: i32) -> Option<i32> {
        if year < FIRST_YEAR {
            return None;
        }
        let (word, bit) = bit_index(year);
        let mut bits = self.0[word] & (u64::MAX >> (63 - bit));
        for index in (0..=word).rev() {
            if bits != 0 {
                return Some(FIRST_YEAR + index as i32 * 64 + 63 - bits.leading_zeros() as i32);
            }
            bits = index.checked_sub(1).map_or(0, |previous| self.0[previous]);
        }
        None
    }
}

/// The word and bit of a year.
fn bit_index(year: i32) -> (usize, u32) {
    let index = (year - FIRST_YEAR) as u32;
    ((index / 64) as usize, index % 64)
}
