//! Random expressions for the day of the month.

use std::fmt;

use chrono::{Datelike, NaiveDate, Weekday};
use proptest::prelude::*;

use super::expression::{Expression, FROM_MONDAY, domain};

#[derive(Clone)]
pub(crate) enum Days {
    Numbers(Expression),
    Positions(Vec<Position>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Position {
    /// The occurrence, counted from 0, and the weekday.
    Nth(u32, u32),
    LastWeekday(u32),
    Last,
}

const NTH: [&str; 5] = ["1st", "2nd", "3rd", "4th", "5th"];

impl Days {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let weekday = 0..7u32;
        let position = prop_oneof![
            (0..5u32, weekday.clone()).prop_map(|(nth, weekday)| Position::Nth(nth, weekday)),
            weekday.prop_map(Position::LastWeekday),
            Just(Position::Last),
        ];
        prop_oneof![
            3 => Expression::any(domain(1, 31), true).prop_map(Self::Numbers),
            2 => prop::collection::vec(position, 1..4).prop_map(Self::Positions),
        ]
    }

    pub(crate) fn contains(&self, date: NaiveDate) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.contains(date.day()),
            Self::Positions(positions) => positions.iter().any(|position| position.is(date)),
        }
    }
}

impl Position {
    fn is(self, date: NaiveDate) -> bool {
        let weekday = |number: u32| Weekday::try_from(number as u8).unwrap();
        let in_month = |other: Option<NaiveDate>| other.is_some_and(|d| d.month() == date.month());
        match self {
            Self::Nth(nth, number) => {
                let nth = nth as u8 + 1;
                let (year, month) = (date.year(), date.month());
                NaiveDate::from_weekday_of_month_opt(year, month, weekday(number), nth)
                    == Some(date)
            }
            Self::LastWeekday(number) => {
                date.weekday() == weekday(number)
                    && !in_month(date.checked_add_days(chrono::Days::new(7)))
            }
            Self::Last => !in_month(date.succ_opt()),
        }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |weekday: u32| FROM_MONDAY.names[weekday as usize];
        let text = |position: &Position| match *position {
            Position::Nth(nth, weekday) => format!("{} {}", NTH[nth as usize], name(weekday)),
            Position::LastWeekday(weekday) => format!("last {}", name(weekday)),
            Position::Last => "last".to_owned(),
        };
        match self {
            Self::Numbers(numbers) => numbers.fmt(f),
            Self::Positions(positions) => {
                let texts: Vec<_> = positions.iter().map(text).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
