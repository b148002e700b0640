//! Which years match.

use super::expression::Item;
use crate::civil::{FIRST_YEAR, LAST_YEAR, Year};

const WORDS: usize = (LAST_YEAR - FIRST_YEAR) as usize / 64 + 1;

/// A set of years from 1970 to 9999, none of which is without a matching day.
///
/// Two years of the same shape have the same days, so 21 bits tell for each shape whether any day in it
/// matches. A trigger for any year needs no more; only one that names years has a bit for each.
#[derive(Clone, Debug)]
pub(super) struct YearSet {
    shapes: u32,
    listed: Option<Box<[u64; WORDS]>>,
}

impl YearSet {
    /// The years in `items`, or all of them, that have one of the `shapes`.
    pub(super) fn new(items: Option<&[Item]>, shapes: u32) -> Self {
        let any_year = Self { shapes, listed: None };
        let listed = items.map(|items| {
            let mut listed = Box::new([0; WORDS]);
            for &item in items {
                let Item::Stride { first, last, step } = item else {
                    continue;
                };
                for year in (first..=last).step_by(step as usize) {
                    let year = year as i32;
                    if any_year.contains(year) {
                        let (word, bit) = place(year);
                        listed[word] |= 1 << bit;
                    }
                }
            }
            listed
        });
        Self { shapes, listed }
    }

    pub(super) fn contains(&self, year: i32) -> bool {
        match &self.listed {
            Some(listed) => {
                let (word, bit) = place(year);
                listed[word] >> bit & 1 != 0
            }
            None => self.shapes >> Year::new(year).shape() & 1 != 0,
        }
    }

    /// The first member that is not before `year`.
    pub(super) fn at_or_after(&self, year: i32) -> Option<i32> {
        if year > LAST_YEAR || self.shapes == 0 {
            return None;
        }
        let Some(listed) = &self.listed else {
            return (year..=LAST_YEAR).find(|&year| self.contains(year));
        };
        let (word, bit) = place(year);
        let mut bits = listed[word] & (u64::MAX << bit);
        for (index, following) in (word..WORDS).zip(listed[word + 1..].iter().chain([&0])) {
            if bits != 0 {
                return Some(FIRST_YEAR + index as i32 * 64 + bits.trailing_zeros() as i32);
            }
            bits = *following;
        }
        None
    }

    /// The last member that is not after `year`.
    pub(super) fn at_or_before(&self, year: i32) -> Option<i32> {
        if year < FIRST_YEAR || self.shapes == 0 {
            return None;
        }
        let Some(listed) = &self.listed else {
            return (FIRST_YEAR..=year).rev().find(|&year| self.contains(year));
        };
        let (word, bit) = place(year);
        let mut bits = listed[word] & (u64::MAX >> (63 - bit));
        for index in (0..=word).rev() {
            if bits != 0 {
                return Some(FIRST_YEAR + index as i32 * 64 + 63 - bits.leading_zeros() as i32);
            }
            bits = index.checked_sub(1).map_or(0, |previous| listed[previous]);
        }
        None
    }
}

fn place(year: i32) -> (usize, u32) {
    let index = (year - FIRST_YEAR) as u32;
    ((index / 64) as usize, index % 64)
}
