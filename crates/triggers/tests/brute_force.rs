//! Cron triggers compared with a search that tries every minute, around the transitions of every zone of the
//! bundled database, with random fields and policies.

use std::collections::{BTreeSet, HashSet};

use punctual_core::{CivilOffset, Timestamp, Trigger, Zone, ZoneDatabase};
use punctual_triggers::{CronTrigger, Fold, Gap};

/// Debug builds try only a part of the transitions.
const EVERY: usize = if cfg!(debug_assertions) { 23 } else { 1 };

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// xorshift: the same cases in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A few of the values below `end`, or all.
    fn some_of(&mut self, end: u32) -> Vec<u32> {
        let percent = [3, 10, 40, 100][(self.next() % 4) as usize];
        let mut chosen: Vec<_> = (0..end).filter(|_| self.next() % 100 < percent).collect();
        if chosen.is_empty() {
            chosen.push((self.next() % u64::from(end)) as u32);
        }
        chosen
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() % choices.len() as u64) as usize]
    }
}

struct Case {
    zone: Zone,
    weekdays: Vec<u32>,
    hours: Vec<u32>,
    minutes: Vec<u32>,
    gap: Gap,
    fold: Fold,
}

impl Case {
    fn random(zone: Zone, random: &mut Random) -> Self {
        Self {
            zone,
            weekdays: random.some_of(7),
            hours: random.some_of(24),
            minutes: random.some_of(60),
            gap: random.one_of(&[Gap::Skip, Gap::Shift, Gap::NextValid]),
            fold: random.one_of(&[Fold::First, Fold::Second, Fold::Both]),
        }
    }

    fn trigger(&self) -> CronTrigger {
        let list = |values: &[u32]| {
            values
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",")
        };
        let fields = CronTrigger::new()
            .day_of_week(list(&self.weekdays))
            .hour(list(&self.hours))
            .minute(list(&self.minutes));
        fields
            .timezone(&self.zone)
            .gap(self.gap)
            .fold(self.fold)
            .build()
            .unwrap()
    }

    fn matches(&self, civil: i64) -> bool {
        // 1970-01-01 was a Thursday.
        let weekday = (civil.div_euclid(DAY) + 3).rem_euclid(7) as u32;
        let (hour, minute) = (civil.rem_euclid(DAY) / HOUR, civil.rem_euclid(HOUR) / 60);
        self.weekdays.contains(&weekday)
            && self.hours.contains(&(hour as u32))
            && self.minutes.contains(&(minute as u32))
    }

    /// All fires in a range of UTC seconds, by trying every minute of local time.
    fn fires(&self, from: i64, until: i64) -> BTreeSet<i64> {
        let first = (from - 2 * DAY).div_euclid(60) * 60;
        let minutes = (first..until + 2 * DAY)
            .step_by(60)
            .filter(|&civil| self.matches(civil));
        let instants = minutes.flat_map(|civil| match self.zone.resolve_civil(civil) {
            CivilOffset::Unique(offset) => vec![civil - i64::from(offset)],
            CivilOffset::Gap { before, at, .. } => match self.gap {
                Gap::Skip => vec![],
                Gap::Shift => vec![civil - i64::from(before)],
                Gap::NextValid => vec![at],
            },
            CivilOffset::Fold { first, second, .. } => {
                let (first, second) = (civil - i64::from(first), civil - i64::from(second));
                match self.fold {
                    Fold::First => vec![first],
                    Fold::Second => vec![second],
                    Fold::Both => vec![first, second],
                }
            }
        });
        instants
            .filter(|instant| (from..=until).contains(instant))
            .collect()
    }

    fn check(&self, from: i64, until: i64) {
        let trigger = self.trigger();
        let expected = self.fires(from, until);
        let (start, end) = (
            Timestamp::from_seconds(from),
            Timestamp::from_seconds(until),
        );
        let describe = || {
            format!(
                "{trigger} {:?} {:?} {} {start}",
                self.gap, self.fold, self.zone
            )
        };

        let first = trigger.next_fire_time(None, start);
        let following = |fire: &Timestamp| trigger.next_fire_time(Some(*fire), start);
        let forward = std::iter::successors(first, following);
        let forward: Vec<_> = forward
            .take_while(|&fire| fire <= end)
            .map(seconds)
            .collect();
        assert!(
            forward.iter().eq(&expected),
            "{}\n{forward:?}\n{expected:?}",
            describe()
        );

        let latest = |until: Timestamp| trigger.latest_fire_time(start, until);
        let before = |fire: &Timestamp| latest(fire.saturating_add_micros(-1));
        let backward: Vec<_> = std::iter::successors(latest(end), before)
            .map(seconds)
            .collect();
        assert!(
            backward.iter().rev().eq(&expected),
            "{} backward\n{backward:?}",
            describe()
        );
    }
}

fn seconds(fire: Timestamp) -> i64 {
    fire.as_micros() / 1_000_000
}

/// The instants from 1970 to 2100 at which the offset changes.
fn transitions(zone: &Zone) -> Vec<i64> {
    let end = 131 * 365 * DAY;
    let ends = std::iter::successors(Some(0), |&at| Some(zone.span_at(at).end));
    ends.skip(1).take_while(|&at| at < end).collect()
}

/// Every transition of the bundled database once, however many zones share it.
fn all_transitions() -> Vec<(Zone, i64)> {
    let database = ZoneDatabase::bundled();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for name in database.names() {
        let zone = database.get(&name).unwrap();
        for at in transitions(&zone) {
            let span = zone.span_at(at);
            if seen.insert((at, span.offset_before, span.offset)) {
                all.push((zone.clone(), at));
            }
        }
    }
    all
}

#[test]
fn equals_a_search_through_every_minute() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let all = all_transitions();
    assert!(all.len() > 5_000, "{}", all.len());
    for (zone, at) in all.into_iter().step_by(EVERY) {
        Case::random(zone, &mut random).check(at - 30 * HOUR, at + 30 * HOUR);
    }
}
