//! The table of metrics in `docs/guide/monitoring.md`, compared with the metrics.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::recorded::{METRICS, MetricKind};

/// Name, type, labels and meaning.
type Row = (String, String, Vec<String>, String);

fn guide() -> BTreeSet<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/monitoring.md");
    let text = fs::read_to_string(path).expect("the guide");
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let &[name, kind, labels, meaning] = &cells[..] else {
            return None;
        };
        let name =
            name.trim_matches('`').strip_prefix("punctual_").map(|_| name.trim_matches('`'))?;
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned()).collect();
        Some((name.to_owned(), kind.to_owned(), labels, meaning.to_owned()))
    });
    rows.collect()
}

#[test]
fn the_guide_lists_all_metrics() {
    let row = |metric: &super::recorded::Metric| {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let labels = metric.labels.iter().map(|&label| label.to_owned()).collect();
        (metric.name.to_owned(), kind.to_owned(), labels, meaning(metric.description))
    };
    let metrics: BTreeSet<_> = METRICS.iter().map(row).collect();
    assert_eq!(guide(), metrics);
    for metric in METRICS {
        let is_total = metric.name.ends_with("_total");
        assert_eq!(is_total, metric.kind == MetricKind::Counter, "{}", metric.name);
        let is_time = metric.name.ends_with("_seconds");
        assert_eq!(is_time, metric.unit == metrics::Unit::Seconds, "{}", metric.name);
    }
}

/// The description as in the table.
fn meaning(description: &str) -> String {
    let mut chars = description.trim_end_matches('.').chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}
