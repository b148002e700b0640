//! What can be asked of any trigger.

use punctual_core::{Timestamp, Trigger};

use super::{Explanation, Fires};

/// Questions to any trigger, built-in or not.
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
    /// Its fires from `from` on, in order. A date that has passed is not among them.
    fn fires(&self, from: Timestamp) -> Fires<'_, Self> {
        Fires::new(self, from)
    }

    /// Its fires from `from` to `until`, both included.
    fn between(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Timestamp> {
        self.fires(from).take_while(move |&fire| fire <= until)
    }

    /// Its last fire that is not after `until`.
    fn latest_at_or_before(&self, until: Timestamp) -> Option<Timestamp> {
        self.latest_fire_time(Timestamp::MIN, until)
    }

    /// Its next `count` fires from `from` on, with the reason for all that is odd about them, and warnings for
    /// the year that follows.
    ///
    /// ```
    /// use punctual_core::Timestamp;
    /// use punctual_triggers::{CronTrigger, TriggerExt};
    ///
    /// let trigger = CronTrigger::builder().hour(3).minute(30).timezone("Europe/Helsinki").build()?;
    /// let explanation = trigger.explain(Timestamp::from_seconds(1_774_656_000), 2);
    /// let sunday = explanation.steps[1].to_string();
    /// assert_eq!(sunday, "Sun 2026-03-29 04:30:00 +03:00  03:30:00 is skipped by the clock");
    /// let warning = explanation.warnings[0].to_string();
    /// assert_eq!(warning, "on 2026-03-29, 03:30:00 is skipped by the clock, and it fires at 04:30:00");
    /// println!("{explanation}");
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    fn explain(&self, from: Timestamp, count: usize) -> Explanation {
        Explanation::new(self, from, count)
    }

    /// A number that tells the rules of all zones that decide when it fires from others; see
    /// [`Zone::fingerprint`](punctual_core::Zone::fingerprint). It costs some microseconds for each zone.
    fn rules_fingerprint(&self) -> u64 {
        let mut all = 0_u64;
        self.visit_zones(&mut |zone| {
            // The order counts: two zones that swap their rules are a change.
            all = all.rotate_left(1) ^ zone.fingerprint();
        });
        all
    }
}

impl<T: Trigger + ?Sized> TriggerExt for T {}
