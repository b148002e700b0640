//! Random triggers of every kind, and their fire times by brute force.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use proptest::option::weighted;
use proptest::prelude::*;
use punctual_core::{CivilOffset, IntoTrigger, Timestamp, Trigger, TriggerDefaults, Zone};
use punctual_triggers::{AndTrigger, DateTrigger, Fold, Gap, IntervalTrigger, OrTrigger};

use super::calendar::Calendar;
use super::cron::{Fields, Line};
use super::units::{DAY, SECOND};
use super::zones::Transition;

/// A trigger. Its times are relative to the transition at which it is tested.
#[derive(Clone, Debug)]
pub(crate) enum Schedule {
    Fields(Fields, Settings),
    Line(Line, Settings),
    Calendar(Calendar, Settings),
    /// Start and interval, in microseconds.
    Interval(i64, i64),
    /// In microseconds.
    Date(i64),
    Or(Vec<Schedule>),
    /// The members and the end date in seconds after the transition. Without an end date, a search without a result
    /// would take too long.
    And(Vec<Schedule>, i64),
}

/// The settings that cron and calendar triggers have in common.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    gap: Option<Gap>,
    fold: Option<Fold>,
    /// The first and last instants, in microseconds.
    start: Option<i64>,
    end: Option<i64>,
}

/// Generates triggers of all kinds.
pub(crate) fn any() -> impl Strategy<Value = Schedule> {
    let members = || prop::collection::vec(single(), 1..4);
    let or = || members().prop_map(Schedule::Or);
    let and = || (members(), -DAY..DAY).prop_map(|(members, end)| Schedule::And(members, end));
    prop_oneof![
        12 => single(),
        2 => or(),
        2 => and(),
        1 => (or(), and()).prop_map(|(or, and)| Schedule::Or(vec![or, and])),
        1 => (or(), or(), -DAY..DAY).prop_map(|(a, b, end)| Schedule::And(vec![a, b], end)),
    ]
}

fn single() -> impl Strategy<Value = Schedule> {
    let instant = || -3 * DAY * SECOND..3 * DAY * SECOND;
    let interval = prop_oneof![1..400 * SECOND, 1..100 * DAY * SECOND];
    prop_oneof![
        6 => (Fields::any(), settings()).prop_map(|(fields, s)| Schedule::Fields(fields, s)),
        3 => (Line::any(), settings()).prop_map(|(line, s)| Schedule::Line(line, s)),
        3 => (Calendar::any(), settings()).prop_map(|(dates, s)| Schedule::Calendar(dates, s)),
        // The interval is long enough to avoid millions of fire times in a window of some hours.
        1 => (instant(), interval).prop_map(|(start, i)| Schedule::Interval(start, i.max(SECOND / 2))),
        1 => instant().prop_map(Schedule::Date),
    ]
}

fn settings() -> impl Strategy<Value = Settings> {
    let gap = prop::sample::select(&[Gap::Skip, Gap::Shift, Gap::NextValid][..]);
    let fold = prop::sample::select(&[Fold::First, Fold::Second, Fold::Both][..]);
    let limit = || weighted(0.1, -DAY * SECOND..DAY * SECOND);
    (weighted(0.7, gap), weighted(0.7, fold), limit(), limit())
        .prop_map(|(gap, fold, start, end)| Settings { gap, fold, start, end })
}

impl Schedule {
    pub(crate) fn trigger(&self, transition: &Transition) -> Arc<dyn Trigger> {
        let defaults =
            TriggerDefaults::new(transition.zone.clone(), Timestamp::from_seconds(transition.at));
        let at = |offset: i64| Timestamp::from_micros(transition.at * SECOND + offset);
        macro_rules! with_settings {
            ($builder:expr, $settings:expr) => {{
                let mut builder = $builder;
                if let Some(gap) = $settings.gap {
                    builder = builder.gap(gap);
                }
                if let Some(fold) = $settings.fold {
                    builder = builder.fold(fold);
                }
                builder
            }};
        }
        let cron = |builder: punctual_triggers::CronTriggerBuilder, settings: &Settings| {
            let mut builder = with_settings!(builder, settings);
            if let Some(start) = settings.start {
                builder = builder.start_date(at(start));
            }
            if let Some(end) = settings.end {
                builder = builder.end_date(at(end));
            }
            builder.into_trigger(&defaults)
        };
        let built = match self {
            Self::Fields(fields, settings) => cron(fields.builder(), settings),
            Self::Line(line, settings) => cron(line.builder(), settings),
            Self::Calendar(dates, settings) => {
                with_settings!(dates.builder(transition), settings).into_trigger(&defaults)
            }
            Self::Interval(start, interval) => {
                let interval = std::time::Duration::from_micros(interval.unsigned_abs());
                IntervalTrigger::every(interval).start_date(at(*start)).into_trigger(&defaults)
            }
            Self::Date(date) => DateTrigger::at(at(*date)).into_trigger(&defaults),
            Self::Or(members) => {
                let mut members = members.iter().map(|member| member.trigger(transition));
                let first = OrTrigger::of(members.next().unwrap());
                let all = members.fold(first, |all, member| all.or(member));
                all.into_trigger(&defaults)
            }
            Self::And(members, end) => {
                let mut members = members.iter().map(|member| member.trigger(transition));
                let first = AndTrigger::of(members.next().unwrap());
                let all = members.fold(first, |all, member| all.and(member));
                all.end_date(at(end * SECOND)).into_trigger(&defaults)
            }
        };
        built.unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    /// Returns all fire times in a range of microseconds.
    pub(crate) fn fires(&self, transition: &Transition, from: i64, until: i64) -> BTreeSet<i64> {
        let at = transition.at * SECOND;
        let fires: BTreeSet<_> = match self {
            Self::Fields(fields, settings) => {
                let days = days(from, until).filter(|&date| fields.has_day(date));
                settings.cron(transition, days, &fields.times(), fields.has_time_wildcard())
            }
            Self::Line(line, settings) => {
                let days = days(from, until).filter(|&date| line.has_day(date));
                settings.cron(transition, days, &line.times(), line.has_time_wildcard())
            }
            Self::Calendar(calendar, settings) => {
                let days = calendar.days(transition, until);
                let (gap, fold) = (settings.gap, settings.fold);
                let (gap, fold) = (gap.unwrap_or(Gap::Shift), fold.unwrap_or(Fold::First));
                instants(&transition.zone, days, &[calendar.time], gap, fold).collect()
            }
            Self::Interval(start, interval) => {
                let start = at + start;
                let steps = (from - start).div_euclid(*interval).max(0);
                let sequence = (steps..).map(|step| start + step * interval);
                sequence.take_while(|&fire| fire <= until).collect()
            }
            Self::Date(date) => BTreeSet::from([at + date]),
            Self::Or(members) => {
                let fires = members.iter().flat_map(|member| member.fires(transition, from, until));
                fires.collect()
            }
            Self::And(members, end) => {
                let until = until.min(at + end * SECOND);
                let all = members.iter().map(|member| member.fires(transition, from, until));
                all.reduce(|a, b| &a & &b).unwrap()
            }
        };
        fires.into_iter().filter(|fire| (from..=until).contains(fire)).collect()
    }

    /// Returns the approximate number of fire times on a day that has any.
    pub(crate) fn per_day(&self) -> usize {
        match self {
            Self::Fields(fields, _) => fields.times().len(),
            Self::Line(line, _) => line.times().len(),
            Self::Calendar(..) | Self::Date(_) => 1,
            Self::Interval(_, interval) => (DAY * SECOND / interval) as usize,
            Self::Or(members) | Self::And(members, _) => members.iter().map(Self::per_day).sum(),
        }
    }
}

impl Settings {
    fn cron(
        &self,
        transition: &Transition,
        days: impl Iterator<Item = NaiveDate>,
        times: &[u32],
        has_time_wildcard: bool,
    ) -> BTreeSet<i64> {
        let (gap, fold) = match has_time_wildcard {
            true => (Gap::Skip, Fold::Both),
            false => (Gap::Shift, Fold::First),
        };
        let (gap, fold) = (self.gap.unwrap_or(gap), self.fold.unwrap_or(fold));
        let at = transition.at * SECOND;
        let start = self.start.map_or(i64::MIN, |start| at + start);
        let end = self.end.map_or(i64::MAX, |end| at + end);
        instants(&transition.zone, days, times, gap, fold)
            .filter(|fire| (start..=end).contains(fire))
            .collect()
    }
}

/// Returns the local days of a range of microseconds in any zone, from 1970 on.
fn days(from: i64, until: i64) -> impl Iterator<Item = NaiveDate> {
    let day = |micros: i64| micros.div_euclid(DAY * SECOND) as i32;
    let first = (day(from) - 2).max(0);
    (first..=day(until) + 2).map(|day| NaiveDate::from_epoch_days(day).unwrap())
}

/// Returns the instants of all `times` of day on all `days`.
fn instants(
    zone: &Zone,
    days: impl Iterator<Item = NaiveDate>,
    times: &[u32],
    gap: Gap,
    fold: Fold,
) -> impl Iterator<Item = i64> {
    let civil = days.flat_map(move |date| {
        let midnight = i64::from(date.to_epoch_days()) * DAY;
        times.iter().map(move |&time| midnight + i64::from(time))
    });
    civil
        .flat_map(move |civil| {
            let at = |offset: i32| civil - i64::from(offset);
            match zone.resolve_civil(civil) {
                CivilOffset::Unique(offset) => [Some(at(offset)), None],
                CivilOffset::Gap { before, at: end, .. } => match gap {
                    Gap::Skip => [None, None],
                    Gap::Shift => [Some(at(before)), None],
                    Gap::NextValid => [Some(end), None],
                },
                CivilOffset::Fold { first, second, .. } => match fold {
                    Fold::First => [Some(at(first)), None],
                    Fold::Second => [Some(at(second)), None],
                    Fold::Both => [Some(at(first)), Some(at(second))],
                },
            }
        })
        .flatten()
        .map(|seconds| seconds * SECOND)
}
