//! The times of `--since` and `--until`.

use std::time::Duration;

use punctual::{DateTrigger, Timestamp, TriggerError, Zone};

use super::HistoryError;

/// The units of durations, in seconds.
const UNITS: [(&str, u64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Parses a date, a local time in `zone`, a time with an offset, or a duration before `now`. Errors name the option.
pub(super) fn parse(
    option: &'static str,
    text: &str,
    zone: &Zone,
    now: Timestamp,
) -> Result<Timestamp, HistoryError> {
    if let Some(before) = duration(text) {
        let micros = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
        return Ok(now.saturating_add_micros(-micros));
    }
    let date = DateTrigger::at(text).timezone(zone).build();
    date.map(|date| date.run_date()).map_err(|error| {
        HistoryError::Invalid(match error {
            TriggerError::InvalidField { value, column, reason, .. } => {
                let reason = format!("{reason}; or a duration before now, such as 1h or 2d12h");
                TriggerError::invalid_field(option, value, column, reason)
            }
            error => error,
        })
    })
}

/// Parses `1h`, `90m` or `2d12h`: numbers with units, the largest first.
fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text, 0_u64);
    for (unit, length) in UNITS {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let (number, after) = rest.split_at(digits);
        if let (Ok(number), Some(after)) = (number.parse::<u64>(), after.strip_prefix(unit)) {
            seconds = seconds.saturating_add(number.saturating_mul(length));
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_from_the_largest_to_the_smallest() {
        for (text, seconds) in [
            ("1h", Some(3_600)),
            ("90m", Some(5_400)),
            ("2d12h", Some(216_000)),
            ("1w2d3h4m5s", Some(788_645)),
            ("0s", Some(0)),
            ("", None),
            ("1", None),
            ("h", None),
            ("1h1d", None),
            ("1h ", None),
            ("2026-03-29", None),
        ] {
            assert_eq!(duration(text).map(|duration| duration.as_secs()), seconds, "{text}");
        }
    }
}
