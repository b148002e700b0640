//! The decision tables of `docs/guide/misfires.md`, compared with `plan`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use punctual_core::{Coalesce, JobOptions, Overlap, SkipReason, Timestamp};
use punctual_triggers::IntervalTrigger;

use super::{DueJob, Plan, plan};

const COALESCE: [(&str, Coalesce); 3] =
    [("Latest", Coalesce::Latest), ("Earliest", Coalesce::Earliest), ("All", Coalesce::All)];

const OVERLAP: [(&str, Overlap); 4] = [
    ("Skip", Overlap::Skip),
    ("QueueOne", Overlap::QueueOne),
    ("QueueAll", Overlap::QueueAll),
    ("CancelRunning", Overlap::CancelRunning),
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn seconds(time: Timestamp) -> i64 {
    time.as_micros() / 1_000_000
}

/// The plan, at 135, of a job that fires every 10 seconds and whose next run time is 100.
fn planned(options: &JobOptions, running: u32) -> Plan {
    let trigger = IntervalTrigger::seconds(10).start_date(at(0)).timezone("UTC").build().unwrap();
    let due = DueJob {
        trigger: &trigger,
        options,
        next_run_time: at(100),
        fire_count: 0,
        running,
        claims: 1,
        persistent: false,
    };
    plan(&due, at(135), &mut |below| below / 2)
}

/// A plan in the form of the tables: the runs, the skipped fire times with the reason, the first one that waits, and the
/// number of cancelled runs.
fn described(plan: &Plan) -> String {
    let mut parts = Vec::new();
    if !plan.runs.is_empty() {
        let runs: Vec<_> =
            plan.runs.iter().map(|run| seconds(run.scheduled_time).to_string()).collect();
        parts.push(format!("runs {}", runs.join(", ")));
    }
    for skipped in &plan.skipped {
        let reason = match skipped.reason {
            SkipReason::TooLate => "too late",
            SkipReason::CatchUpLimit => "catch-up limit",
            SkipReason::MaxInstances => "max instances",
            _ => "coalesced",
        };
        let (first, last) = (seconds(skipped.first), seconds(skipped.last));
        let range = if first == last { first.to_string() } else { format!("{first}..{last}") };
        parts.push(format!("skips {range} ({reason})"));
    }
    let next = plan.next.unwrap();
    if plan.has_deferred_runs {
        parts.push(format!("waits from {}", seconds(next.next_run_time)));
    } else {
        assert_eq!(next.next_run_time, at(140));
    }
    if plan.cancelled > 0 {
        parts.push(format!("cancels {}", plan.cancelled));
    }
    parts.join("; ")
}

/// Compares the rows with those of the table in the guide that has this header.
#[track_caller]
fn compare(header: &str, rows: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/misfires.md");
    let guide = fs::read_to_string(path).unwrap();
    let table = guide.lines().skip_while(|line| *line != header).skip(2);
    let table: Vec<_> = table.take_while(|line| line.starts_with('|')).collect();
    assert_eq!(table, rows, "the table should be:\n{header}\n{}", rows.join("\n"));
}

#[test]
fn the_table_of_overlaps_is_that_of_the_guide() {
    let mut rows = Vec::new();
    for (coalesce_name, coalesce) in COALESCE {
        for (overlap_name, overlap) in OVERLAP {
            let options = JobOptions::new().coalesce(coalesce).max_instances(2).overlap(overlap);
            let cells: Vec<_> =
                (0..3).map(|running| described(&planned(&options, running))).collect();
            rows.push(format!("| `{coalesce_name}` | `{overlap_name}` | {} |", cells.join(" | ")));
        }
    }
    compare("| `coalesce` | `overlap` | 0 running | 1 running | 2 running |", &rows);
}

#[test]
fn the_default_of_overlap_is_that_of_the_guide() {
    for (coalesce, overlap) in [
        (Coalesce::Latest, Overlap::Skip),
        (Coalesce::Earliest, Overlap::Skip),
        (Coalesce::All, Overlap::QueueAll),
    ] {
        let default = JobOptions::new().coalesce(coalesce).max_instances(2);
        let explicit = default.clone().overlap(overlap);
        for running in 0..3 {
            assert_eq!(planned(&default, running), planned(&explicit, running));
        }
    }
}

#[test]
fn the_table_of_lateness_is_that_of_the_guide() {
    let second = Duration::from_secs(1);
    let limits = [
        ("", JobOptions::new()),
        ("`misfire_grace_time` 15 s", JobOptions::new().misfire_grace_time(15 * second)),
        ("`max_catch_up_age` 15 s", JobOptions::new().max_catch_up_age(15 * second)),
        (
            "`misfire_grace_time` 25 s, `max_catch_up_age` 15 s",
            JobOptions::new().misfire_grace_time(25 * second).max_catch_up_age(15 * second),
        ),
        ("`max_catch_up_age` 1 s", JobOptions::new().max_catch_up_age(second)),
        ("`max_catch_up_runs` 2", JobOptions::new().max_catch_up_runs(2)),
        (
            "`max_catch_up_age` 25 s, `max_catch_up_runs` 1",
            JobOptions::new().max_catch_up_age(25 * second).max_catch_up_runs(1),
        ),
    ];
    let mut rows = Vec::new();
    for (limit_name, limit) in limits {
        let cells: Vec<_> = COALESCE
            .iter()
            .map(|(_, coalesce)| {
                described(&planned(&limit.clone().coalesce(*coalesce).max_instances(9), 0))
            })
            .collect();
        let limit_name = if limit_name.is_empty() { "none" } else { limit_name };
        rows.push(format!("| {limit_name} | {} |", cells.join(" | ")));
    }
    compare("| limit | `Latest` | `Earliest` | `All` |", &rows);
}
