//! The instants and time zones of the benchmarks.

/// A zone without transitions, a common one, and the one whose DST offset is half an hour.
pub const ZONES: [&str; 3] = ["UTC", "Europe/Helsinki", "Australia/Lord_Howe"];

const COUNT: u64 = 512;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600;
const FOUR_YEARS: u64 = 1461 * 86_400;

/// Returns pseudo-random instants within four years, as seconds since the epoch, so that caches and branch prediction
/// have no advantage.
#[must_use]
pub fn instants() -> Vec<i64> {
    // Multiples of a large odd number, modulo a power of two, never repeat.
    let scattered = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % FOUR_YEARS;
    (1..=COUNT).map(|n| START + scattered(n) as i64).collect()
}
