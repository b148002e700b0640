//! What is SQLite's own; the contract itself is checked by `tests/conformance.rs`.

mod options;
mod plans;
mod schema;
mod trouble;

use punctual_core::{Encoded, JobId, NewRecord, Schedule, TaskName, Timestamp};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

fn due(name: &str, when: Timestamp) -> NewRecord {
    NewRecord {
        id: JobId::new(name).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: Encoded::from(&b"{}"[..]),
        schedule: Some(Schedule::at(when)),
    }
}
