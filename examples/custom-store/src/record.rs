//! What is in a job's cell: its record as a line of JSON, then the definition as it is.

use std::fmt::Display;

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Encoded, Fence, InFlightRun, JobRecord, StoredJob,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cells::name_of;

/// A [`StoredJob`] whose runs may be anything.
#[derive(Serialize, Deserialize)]
struct Line {
    record: JobRecord,
    claim: Option<Claim>,
    lost: Fence,
    runs: Vec<Value>,
}

/// A job that can be read, but perhaps for some of its runs, which stay as they are.
pub(crate) struct Kept {
    pub(crate) job: StoredJob,
    pub(crate) corrupt_runs: Vec<(Value, CorruptRecord)>,
}

/// What is in a cell that is not empty.
pub(crate) type Found = Result<Kept, CorruptRecord>;

pub(crate) fn write(kept: &Kept) -> Vec<u8> {
    let StoredJob { record, claim, lost, runs } = kept.job.clone();
    let readable = runs.iter().map(|run| serde_json::to_value(run).expect("plain data"));
    let runs = readable.chain(kept.corrupt_runs.iter().map(|(run, _)| run.clone())).collect();
    let definition = record.definition.clone();
    let line = Line { record, claim, lost, runs };
    let mut bytes = serde_json::to_vec(&line).expect("plain data");
    bytes.push(b'\n');
    bytes.extend(definition.as_bytes());
    bytes
}

pub(crate) fn read(name: &str, bytes: &[u8]) -> Found {
    let mut parts = bytes.splitn(2, |&byte| byte == b'\n');
    let (line, definition) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    parse(name, line, definition).map_err(|reason| {
        let reason = format!("{reason}: {}", String::from_utf8_lossy(line));
        CorruptRecord::new(CorruptKind::Job, known_as(name, line), reason)
    })
}

/// What the job of this cell is called: its id, if that is what the cell is named after.
fn known_as(name: &str, line: &[u8]) -> String {
    let line: Value = serde_json::from_slice(line).unwrap_or_default();
    line["record"]["id"].as_str().filter(|id| name_of(id) == name).unwrap_or(name).to_owned()
}

fn parse(name: &str, line: &[u8], definition: &[u8]) -> Result<Kept, String> {
    let Line { mut record, claim, lost, runs } = serde_json::from_slice(line).map_err(text)?;
    if name_of(record.id.as_str()) != name {
        return Err("the id is not that of this cell".into());
    }
    check("revision", record.revision.0)?;
    check("fence", record.fence.0)?;
    check("lost", lost.0)?;
    record.definition = Encoded::from(definition);
    let mut job = StoredJob { record, claim, lost, runs: Vec::new() };
    let mut corrupt_runs = Vec::new();
    for run in runs {
        match parse_run(&run) {
            Ok(run) => job.runs.push(run),
            Err(reason) => {
                let key = format!("{}/{}", job.record.id, run["run_id"]);
                let reason = format!("{reason}: {run}");
                corrupt_runs.push((run, CorruptRecord::new(CorruptKind::Run, key, reason)));
            }
        }
    }
    job.runs.sort_by_key(|run| run.run_id);
    job.record.in_flight = (job.runs.len() + corrupt_runs.len()).try_into().unwrap_or(u32::MAX);
    Ok(Kept { job, corrupt_runs })
}

fn parse_run(run: &Value) -> Result<InFlightRun, String> {
    let run = InFlightRun::deserialize(run).map_err(text)?;
    check("fence", run.fence.0).map(|()| run)
}

/// Numbers that nobody can have counted to would overflow some day.
fn check(field: &str, number: i64) -> Result<(), String> {
    let is_possible = (0..=Fence::MAX.0).contains(&number);
    is_possible.then_some(()).ok_or_else(|| format!("{field} is {number}"))
}

fn text(error: impl Display) -> String {
    error.to_string()
}
