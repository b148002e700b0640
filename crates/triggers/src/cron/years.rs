//! Years that are named.

use super::expression::Item;
use crate::civil::{FIRST_YEAR, LAST_YEAR, Year};

const WORDS: usize = (LAST_YEAR - FIRST_YEAR) as usize / 64 + 1;

/// A list of years from 1970 to 9999, with a bit for each, none of which is without a matching day.
#[derive(Clone, Debug)]
pub(super) struct YearList(Box<[u64; WORDS]>);

impl YearList {
    /// The years in `items` for which `has_day`, which two years of the same shape have in common.
    pub(super) fn new(items: &[Item], has_day: impl Fn(&Year) -> bool) -> Self {
        let with_days = Year::of_every_shape().filter(|year| has_day(year));
        let shapes = with_days.fold(0, |shapes, year| shapes | 1 << year.shape());
        let mut list = Box::new([0; WORDS]);
        for &item in items {
            let Item::Stride { first, last, step } = item else {
                continue;
            };
            for year in (first..=last).step_by(step as usize) {
                let year = year as i32;
                if shapes >> Year::new(year).shape() & 1 != 0 {
                    let (word, bit) = place(year);
                    list[word] |= 1 << bit;
                }
            }
        }
        Self(list)
    }

    pub(super) fn contains(&self, year: i32) -> bool {
        let (word, bit) = place(year);
        self.0[word] >> bit & 1 != 0
    }

    /// The first member that is not before `year`.
    pub(super) fn at_or_after(&self, year: i32) -> Option<i32> {
        if year > LAST_YEAR {
            return None;
        }
        let (word, bit) = place(year);
        let mut bits = self.0[word] & (u64::MAX << bit);
        for (index, following) in (word..WORDS).zip(self.0[word + 1..].iter().chain([&0])) {
            if bits != 0 {
                return Some(FIRST_YEAR + index as i32 * 64 + bits.trailing_zeros() as i32);
            }
            bits = *following;
        }
        None
    }

    /// The last member that is not after `year`.
    pub(super) fn at_or_before(&self, year: i32) -> Option<i32> {
        if year < FIRST_YEAR {
            return None;
        }
        let (word, bit) = place(year);
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

fn place(year: i32) -> (usize, u32) {
    let index = (year - FIRST_YEAR) as u32;
    ((index / 64) as usize, index % 64)
}
