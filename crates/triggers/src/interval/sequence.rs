//! Arithmetic sequences of instants.

use punctual_core::Timestamp;

/// The instants `start + k * interval` for all `k >= 0`, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ArithmeticSequence {
    pub(crate) start: i64,
    pub(crate) interval: i64,
}

impl ArithmeticSequence {
    /// Returns the first element at or after `from`.
    pub(crate) fn at_or_after(&self, from: Timestamp) -> Option<Timestamp> {
        let elapsed = from.as_micros().saturating_sub(self.start);
        let steps = if elapsed <= 0 { 0 } else { (elapsed - 1) / self.interval + 1 };
        let micros = steps.checked_mul(self.interval)?.checked_add(self.start)?;
        (micros <= Timestamp::MAX.as_micros()).then(|| Timestamp::from_micros(micros))
    }

    /// Returns the last element at or before `until`.
    pub(crate) fn at_or_before(&self, until: Timestamp) -> Option<Timestamp> {
        let elapsed = until.as_micros().saturating_sub(self.start);
        (elapsed >= 0).then(|| Timestamp::from_micros(until.as_micros() - elapsed % self.interval))
    }

    /// Returns the intersection of both sequences, which is an arithmetic sequence, or `None` if it is empty up to the
    /// year 9999.
    ///
    /// Applies the Chinese remainder theorem for two moduli that may have a common divisor.
    pub(crate) fn intersect(self, other: Self) -> Option<Self> {
        let (left, right) = (i128::from(self.interval), i128::from(other.interval));
        let (divisor, inverse) = extended_gcd(left, right);
        let distance = i128::from(other.start) - i128::from(self.start);
        if distance % divisor != 0 {
            return None;
        }
        let steps = (distance / divisor * inverse).rem_euclid(right / divisor);
        let interval = left / divisor * right;
        let element = i128::from(self.start) + steps * left;
        // The first element of the intersection: at or after both starts.
        let first = i128::from(self.start.max(other.start));
        let start = first + (element - first).rem_euclid(interval);
        Some(Self {
            start: i64::try_from(start)
                .ok()
                .filter(|&start| start <= Timestamp::MAX.as_micros())?,
            // On overflow, a second element would be after the year 9999.
            interval: i64::try_from(interval).unwrap_or(i64::MAX),
        })
    }
}

/// Returns the greatest common divisor of two positive numbers and the Bézout coefficient of the first one: the factor
/// with which `left` is congruent to the divisor modulo `right`.
fn extended_gcd(left: i128, right: i128) -> (i128, i128) {
    let (mut larger, mut smaller) = ((left, 1), (right, 0));
    while smaller.0 != 0 {
        let quotient = larger.0 / smaller.0;
        let rest = (larger.0 - quotient * smaller.0, larger.1 - quotient * smaller.1);
        (larger, smaller) = (smaller, rest);
    }
    larger
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(start: i64, interval: i64) -> ArithmeticSequence {
        ArithmeticSequence { start, interval }
    }

    #[test]
    fn intersections_equal_a_linear_search() {
        for (left, right) in [
            (sequence(0, 2), sequence(1, 3)),
            (sequence(5, 6), sequence(1, 4)),
            (sequence(100, 6), sequence(-7, 9)),
            (sequence(-100, 7), sequence(3, 7)),
            (sequence(0, 4), sequence(1, 6)),
            (sequence(3, 1), sequence(10, 12)),
            (sequence(-3, 5), sequence(-3, 5)),
        ] {
            let both: Vec<_> = (left.start.max(right.start)..1000)
                .filter(|x| (x - left.start) % left.interval == 0)
                .filter(|x| (x - right.start) % right.interval == 0)
                .take(2)
                .collect();
            let common = left.intersect(right);
            assert_eq!(common, right.intersect(left));
            assert_eq!(common.map(|common| common.start), both.first().copied());
            if let [first, second] = both[..] {
                assert_eq!(common.map(|common| common.interval), Some(second - first));
            }
        }
    }

    #[test]
    fn large_intervals_do_not_overflow() {
        let left = sequence(Timestamp::MIN.as_micros(), 3_599_999_999);
        let right = sequence(0, i64::MAX - 6);
        let common = left.intersect(right);
        assert!(common.is_none_or(|common| common.start >= 0 && common.interval > 0));
        assert_eq!(sequence(0, i64::MAX).intersect(sequence(0, i64::MAX - 1)).unwrap().start, 0);
    }
}
