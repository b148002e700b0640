//! Random calendar intervals and the sequences of their dates.

use chrono::{Datelike, Days, Months, NaiveDate};
use proptest::prelude::*;
use punctual_triggers::{CalendarIntervalTrigger, CalendarIntervalTriggerBuilder};

use super::units::DAY;
use super::zones::Transition;

#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    months: u32,
    days: u32,
    /// The time of day in seconds since midnight.
    pub(crate) time: u32,
    /// The number of days between the start and the transition.
    before: u64,
}

impl Calendar {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let interval =
            prop_oneof![(Just(0), 1..100u32), (1..30u32, Just(0)), (1..30u32, 1..100u32),];
        (interval, 0..DAY as u32, 0..2000u64).prop_map(|((months, days), time, before)| Self {
            months,
            days,
            time,
            before,
        })
    }

    fn start(&self, transition: &Transition) -> NaiveDate {
        let day = transition.at.div_euclid(DAY) as i32;
        NaiveDate::from_epoch_days(day).unwrap() - Days::new(self.before)
    }

    pub(crate) fn builder(&self, transition: &Transition) -> CalendarIntervalTriggerBuilder {
        CalendarIntervalTrigger::months(self.months)
            .days(self.days)
            .hour(self.time / 3600)
            .minute(self.time / 60 % 60)
            .second(self.time % 60)
            .start_date(self.start(transition))
    }

    /// Returns the dates up to two days after `until`, which is in microseconds.
    pub(crate) fn days(
        &self,
        transition: &Transition,
        until: i64,
    ) -> impl Iterator<Item = NaiveDate> {
        let last = chrono::DateTime::from_timestamp_micros(until).unwrap().date_naive();
        let dates =
            std::iter::successors(Some(self.start(transition)), |&date| Some(self.after(date)));
        dates.take_while(move |&date| date <= last + Days::new(2))
    }

    /// Returns the next date: adds `months` repeatedly until the month contains the day, and then `days`.
    fn after(&self, date: NaiveDate) -> NaiveDate {
        let mut later = date;
        if self.months > 0 {
            let mut months = (1..).map(|times| date + Months::new(times * self.months));
            later = months.find(|other| other.day() == date.day()).unwrap();
        }
        later + Days::new(u64::from(self.days))
    }
}
