//! When and where the questions are asked.

/// A zone without changes, a usual one, and the one whose clock changes by half an hour.
pub const ZONES: [&str; 3] = ["UTC", "Europe/Helsinki", "Australia/Lord_Howe"];

const COUNT: u64 = 512;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;
const FOUR_YEARS: u64 = 1461 * 86_400;

/// Seconds since the epoch, scattered over four years, so that no lookup and no branch is learnt by heart.
#[must_use]
pub fn instants() -> Vec<i64> {
    // Multiples of a large odd number, modulo a power of two, never repeat.
    let scattered = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % FOUR_YEARS;
    (1..=COUNT).map(|n| START + scattered(n) as i64).collect()
}
