//! Instants at equal distances.

use punctual_core::Timestamp;

/// `start + k * interval` for all `k` from 0, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) start: i64,
    pub(crate) interval: i64,
}

impl Grid {
    /// The first point that is not before `from`.
    pub(crate) fn at_or_after(&self, from: Timestamp) -> Option<Timestamp> {
        let elapsed = from.as_micros().saturating_sub(self.start);
        let steps = if elapsed <= 0 { 0 } else { (elapsed - 1) / self.interval + 1 };
        let micros = steps.checked_mul(self.interval)?.checked_add(self.start)?;
        (micros <= Timestamp::MAX.as_micros()).then(|| Timestamp::from_micros(micros))
    }

    /// The last point that is not after `until`.
    pub(crate) fn at_or_before(&self, until: Timestamp) -> Option<Timestamp> {
        let elapsed = until.as_micros().saturating_sub(self.start);
        (elapsed >= 0).then(|| Timestamp::from_micros(until.as_micros() - elapsed % self.interval))
    }

    /// The points of both grids, which are a grid again; none if there is no such point up to the year 9999.
    ///
    /// This is the Chinese remainder theorem for two moduli that may have a common divisor.
    pub(crate) fn meet(self, other: Self) -> Option<Self> {
        let (left, right) = (i128::from(self.interval), i128::from(other.interval));
        let (divisor, inverse) = divide(left, right);
        let distance = i128::from(other.start) - i128::from(self.start);
        if distance % divisor != 0 {
            return None;
        }
        let steps = (distance / divisor * inverse).rem_euclid(right / divisor);
        let interval = left / divisor * right;
        let point = i128::from(self.start) + steps * left;
        // The first one that is on both.
        let first = i128::from(self.start.max(other.start));
        let start = first + (point - first).rem_euclid(interval);
        Some(Self {
            start: i64::try_from(start)
                .ok()
                .filter(|&start| start <= Timestamp::MAX.as_micros())?,
            // After so long a time there is no second point anyway.
            interval: i64::try_from(interval).unwrap_or(i64::MAX),
        })
    }
}

/// The greatest common divisor of two positive numbers, and what to multiply the first with to get it, modulo
/// the second.
fn divide(left: i128, right: i128) -> (i128, i128) {
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

    fn grid(start: i64, interval: i64) -> Grid {
        Grid { start, interval }
    }

    #[test]
    fn grids_meet_where_a_search_finds_it() {
        for (left, right) in [
            (grid(0, 2), grid(1, 3)),
            (grid(5, 6), grid(1, 4)),
            (grid(100, 6), grid(-7, 9)),
            (grid(-100, 7), grid(3, 7)),
            (grid(0, 4), grid(1, 6)),
            (grid(3, 1), grid(10, 12)),
            (grid(-3, 5), grid(-3, 5)),
        ] {
            let both: Vec<_> = (left.start.max(right.start)..1000)
                .filter(|x| (x - left.start) % left.interval == 0)
                .filter(|x| (x - right.start) % right.interval == 0)
                .take(2)
                .collect();
            let met = left.meet(right);
            assert_eq!(met, right.meet(left));
            assert_eq!(met.map(|met| met.start), both.first().copied());
            if let [first, second] = both[..] {
                assert_eq!(met.map(|met| met.interval), Some(second - first));
            }
        }
    }

    #[test]
    fn large_grids_do_not_overflow() {
        let left = grid(Timestamp::MIN.as_micros(), 3_599_999_999);
        let right = grid(0, i64::MAX - 6);
        let met = left.meet(right);
        assert!(met.is_none_or(|met| met.start >= 0 && met.interval > 0));
        assert_eq!(grid(0, i64::MAX).meet(grid(0, i64::MAX - 1)).unwrap().start, 0);
    }
}
