//! The times of day that match a cron schedule.

/// A set of times of day, as bit sets of hours, minutes and seconds. None of the three is empty.
#[derive(Clone, Debug)]
pub(super) struct TimeSet {
    pub(super) hours: u64,
    pub(super) minutes: u64,
    pub(super) seconds: u64,
}

impl TimeSet {
    /// Returns the first element, in seconds since midnight.
    pub(super) fn first(&self) -> u32 {
        seconds_of(
            self.hours.trailing_zeros(),
            self.minutes.trailing_zeros(),
            self.seconds.trailing_zeros(),
        )
    }

    /// Returns the last element.
    pub(super) fn last(&self) -> u32 {
        seconds_of(highest(self.hours), highest(self.minutes), highest(self.seconds))
    }

    /// Returns the first element at or after `time`.
    pub(super) fn at_or_after(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0
                && let Some(second) = lowest_bit_from(self.seconds, second)
            {
                return Some(seconds_of(hour, minute, second));
            }
            if let Some(minute) = lowest_bit_from(self.minutes, minute + 1) {
                return Some(seconds_of(hour, minute, self.seconds.trailing_zeros()));
            }
        }
        let hour = lowest_bit_from(self.hours, hour + 1)?;
        let (minutes, seconds) = (self.minutes.trailing_zeros(), self.seconds.trailing_zeros());
        Some(seconds_of(hour, minutes, seconds))
    }

    /// Returns the last element at or before `time`.
    pub(super) fn at_or_before(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
        if self.hours >> hour & 1 != 0 {
            if self.minutes >> minute & 1 != 0
                && let Some(second) = highest_bit_below(self.seconds, second + 1)
            {
                return Some(seconds_of(hour, minute, second));
            }
            if let Some(minute) = highest_bit_below(self.minutes, minute) {
                return Some(seconds_of(hour, minute, highest(self.seconds)));
            }
        }
        let hour = highest_bit_below(self.hours, hour)?;
        Some(seconds_of(hour, highest(self.minutes), highest(self.seconds)))
    }
}

fn seconds_of(hour: u32, minute: u32, second: u32) -> u32 {
    hour * 3600 + minute * 60 + second
}

/// Returns the lowest bit at or above `start`, which is at most 60.
fn lowest_bit_from(bits: u64, start: u32) -> Option<u32> {
    let bits = bits & (u64::MAX << start);
    (bits != 0).then(|| bits.trailing_zeros())
}

/// Returns the highest bit below `end`, which is at most 60.
fn highest_bit_below(bits: u64, end: u32) -> Option<u32> {
    let bits = bits & !(u64::MAX << end);
    (bits != 0).then(|| highest(bits))
}

fn highest(bits: u64) -> u32 {
    63 - bits.leading_zeros()
}
