//! The extension trait with the queries that any trigger supports.

use punctual_core::{Timestamp, Trigger};

use super::{Explanation, FireTimes};

/// Queries on any trigger, built-in or custom.
///
/// ```
/// use punctual_core::Timestamp;
/// use punctual_triggers::{CronTrigger, TriggerExt};
///
/// let trigger = CronTrigger::from_crontab("30 3 29 2 *").timezone("UTC").build()?;
/// let start = Timestamp::from_seconds(1_767_225_600); // 2026
/// let leap_days: Vec<_> = trigger.fires(start).take(2).map(|fire| fire.to_string()).collect();
/// assert_eq!(leap_days, ["2028-02-29T03:30:00Z", "2032-02-29T03:30:00Z"]);
/// assert_eq!(trigger.latest_at_or_before(start).unwrap().to_string(), "2024-02-29T03:30:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
pub trait TriggerExt: Trigger {
    /// Returns the fire times from `from` on, in order. A `DateTrigger` whose date is before `from` has none.
    fn fires(&self, from: Timestamp) -> FireTimes<'_, Self> {
        FireTimes::new(self, from)
    }

    /// Returns the fire times from `from` to `until`, both inclusive.
    fn between(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.fires(from).take_while(move |&fire| fire <= until)
    }

    /// Returns the last fire time at or before `until`.
    fn latest_at_or_before(&self, until: Timestamp) -> Option<Timestamp> {
        self.latest_fire_time(Timestamp::MIN, until)
    }

    /// Returns the first `count` fire times from `from` on, with the reason for each deviation from the schedule, and
    /// warnings for a year from the first fire time on.
    ///
    /// ```
    /// use punctual_core::Timestamp;
    /// use punctual_triggers::{CronTrigger, TriggerExt};
    ///
    /// let trigger = CronTrigger::builder().hour(3).minute(30).timezone("Europe/Helsinki").build()?;
    /// let explanation = trigger.explain(Timestamp::from_seconds(1_774_656_000), 2);
    /// let sunday = explanation.steps[1].to_string();
    /// assert_eq!(sunday, "Sun 2026-03-29 04:30:00 +03:00  03:30:00 does not exist (clock set forward)");
    /// let warning = explanation.warnings[0].to_string();
    /// assert_eq!(
    ///     warning,
    ///     "on 2026-03-29, 03:30:00 does not exist (clock set forward); the trigger fires at 04:30:00"
    /// );
    /// println!("{explanation}");
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    fn explain(&self, from: Timestamp, count: usize) -> Explanation {
        Explanation::new(self, from, count)
    }

    /// Returns a hash of the rules of all zones that affect the fire times. It changes if one of these rules changes;
    /// see [`Zone::fingerprint`](punctual_core::Zone::fingerprint). The computation takes some microseconds per zone.
    fn rules_fingerprint(&self) -> u64 {
        let mut all = 0_u64;
        self.visit_zones(&mut |zone| {
            // The hash depends on the order: it must change if two zones swap their rules.
            all = all.rotate_left(1) ^ zone.fingerprint();
        });
        all
    }
}

impl<T: Trigger + ?Sized> TriggerExt for T {}
