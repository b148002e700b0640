//! How late runs start.

use std::error::Error;
use std::time::Duration;

use super::Size;
use crate::fires;
use crate::measure::quantile;
use crate::report::Report;

/// Runs that are spread evenly over each second.
pub(super) fn spread(size: &Size) -> Result<Report, Box<dyn Error>> {
    let step = Duration::from_secs(1) / u32::try_from(size.jobs)?;
    let measured = fires::measure(size.jobs, step, size.seconds)?;
    let mut millis: Vec<_> = measured.seconds.iter().flatten().copied().collect();
    if millis.is_empty() {
        return Err("no job has run".into());
    }
    millis.sort_by(f64::total_cmp);
    let report = Report::default()
        .with("p50, ms", quantile(&millis, 0.5))
        .with("p90, ms", quantile(&millis, 0.9))
        .with("p99, ms", quantile(&millis, 0.99))
        .with("p99.9, ms", quantile(&millis, 0.999))
        .with("max, ms", quantile(&millis, 1.0));
    Ok(measured.add_to(report))
}

/// All runs of a second at its start.
pub(super) fn burst(size: &Size) -> Result<Report, Box<dyn Error>> {
    let measured = fires::measure(size.jobs, Duration::ZERO, size.seconds)?;
    let mut last: Vec<_> =
        measured.seconds.iter().filter_map(|second| second.last().copied()).collect();
    if last.is_empty() {
        return Err("no job has run".into());
    }
    last.sort_by(f64::total_cmp);
    let report = Report::default()
        .with("the last one late by, median, ms", quantile(&last, 0.5))
        .with("the last one late by, max, ms", quantile(&last, 1.0));
    Ok(measured.add_to(report))
}
