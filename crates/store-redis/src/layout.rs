//! The format of headers, runs and history keys, as `scripts/common.lua` describes it.

use std::collections::BTreeSet;
use std::fmt::Display;

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Fence, HistoryCursor, InFlightRun, JobId, JobRecord,
    NewRecord, NodeId, Revision, RunId, Schedule, StoreError, StoreErrorKind, StoredDefinition,
    StoredJob, TaskName, Timestamp,
};
use serde_json::json;

/// An instant that does not exist.
pub(crate) const NONE: &str = "~~~~~~~~~~~~~~~~";

/// The first character of each run in a list.
const RUN: char = '\x1e';

/// Separates the names in a header, and the parts of a member of a sorted set.
pub(crate) const SEPARATOR: char = '\x1f';

/// 16 hexadecimal digits, which sort like the number.
pub(crate) fn number(value: i64) -> String {
    format!("{:016x}", value.cast_unsigned() ^ (1 << 63))
}

pub(crate) fn parse_number(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok().filter(|text| text.len() == 16)?;
    Some((u64::from_str_radix(text, 16).ok()? ^ (1 << 63)).cast_signed())
}

pub(crate) fn instant(at: Timestamp) -> String {
    number(at.as_micros())
}

/// The run time and the due time.
pub(crate) fn schedule(schedule: Option<Schedule>) -> String {
    match schedule {
        None => [NONE, NONE].concat(),
        Some(Schedule { next_run_time, due_at }) => instant(next_run_time) + &instant(due_at),
    }
}

pub(crate) fn size(definition: &StoredDefinition) -> String {
    format!("{:08x}", definition.as_bytes().len())
}

/// The header of a new job.
pub(crate) fn new_header(new: &NewRecord, fence: Fence) -> String {
    [
        &number(fence.0),
        &number(fence.0),
        "00000000",
        NONE,
        &number(0),
        &schedule(new.schedule),
        "0",
        "00000000",
        &number(Revision::FIRST.0),
        &size(&new.definition),
        new.task.as_str(),
        "\x1f",
    ]
    .concat()
}

/// A list of runs.
pub(crate) fn runs<'r>(runs: impl IntoIterator<Item = &'r InFlightRun>) -> String {
    let run = |run: &InFlightRun| {
        let (scheduled, fence) = (instant(run.scheduled_time), number(run.fence.0));
        format!("{RUN}{}{scheduled}{:08x}{fence}{}", run.run_id, run.attempt, run.node)
    };
    runs.into_iter().map(run).collect()
}

/// The ids of runs, each with its fence.
pub(crate) fn known_runs(runs: &BTreeSet<(RunId, Fence)>) -> String {
    runs.iter().map(|(run, fence)| format!("{run}{}", number(fence.0))).collect()
}

/// The key of a history entry, or the start of keys.
pub(crate) fn history_key(cursor: HistoryCursor) -> String {
    format!("{}{}{:08x}", instant(cursor.finished()), cursor.run_id(), cursor.attempt())
}

pub(crate) fn parse_history_key(key: &str) -> Result<HistoryCursor, String> {
    let mut fields = Fields(key);
    Ok(HistoryCursor::new(fields.time("finish time")?, fields.run_id()?, fields.u32("attempt")?))
}

/// A field, or the reason why it is invalid.
type Field<T> = Result<T, String>;

/// A text of fields with fixed lengths.
struct Fields<'t>(&'t str);

impl<'t> Fields<'t> {
    fn take(&mut self, name: &str, length: usize) -> Field<&'t str> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(format!("{name} is missing"))?;
        self.0 = rest;
        Ok(field)
    }

    fn number(&mut self, name: &str, max: i64) -> Field<i64> {
        self.number_between(name, 0, max)
    }

    fn number_between(&mut self, name: &str, min: i64, max: i64) -> Field<i64> {
        let text = self.take(name, 16)?;
        match parse_number(text.as_bytes()) {
            Some(number) if (min..=max).contains(&number) => Ok(number),
            Some(number) => Err(format!("{name} is {number}, which is outside of {min}..={max}")),
            None => Err(format!("{name} is {text:?}, which is not a number")),
        }
    }

    fn u32(&mut self, name: &str) -> Field<u32> {
        let text = self.take(name, 8)?;
        u32::from_str_radix(text, 16).map_err(|error| format!("{name} is {text:?}: {error}"))
    }

    fn fence(&mut self, name: &str) -> Field<Fence> {
        self.number(name, Fence::MAX.0).map(Fence)
    }

    fn run_id(&mut self) -> Field<RunId> {
        let text = self.take("run id", 32)?;
        text.parse().map_err(|error| format!("run id is {text:?}: {error}"))
    }

    fn time(&mut self, name: &str) -> Field<Timestamp> {
        let (min, max) = (Timestamp::MIN.as_micros(), Timestamp::MAX.as_micros());
        self.number_between(name, min, max).map(Timestamp::from_micros)
    }

    fn instant(&mut self, name: &str) -> Field<Option<Timestamp>> {
        if self.0.starts_with(NONE) {
            return self.take(name, 16).map(|_| None);
        }
        self.time(name).map(Some)
    }
}

fn text<'t>(what: &str, bytes: &'t [u8]) -> Field<&'t str> {
    str::from_utf8(bytes).map_err(|error| format!("{what} is not text: {error}"))
}

fn name<T, E: Display>(text: &str, new: impl FnOnce(String) -> Result<T, E>) -> Field<T> {
    new(text.into()).map_err(|error| error.to_string())
}

/// The job with this header, without its runs.
pub(crate) fn job(
    id: &[u8],
    header: &[u8],
    definition: Vec<u8>,
) -> Result<StoredJob, CorruptRecord> {
    parse_job(id, header, definition)
        .map_err(|reason| CorruptRecord::new(CorruptKind::Job, String::from_utf8_lossy(id), reason))
}

fn parse_job(id: &[u8], header: &[u8], definition: Vec<u8>) -> Field<StoredJob> {
    let id = name(text("id", id)?, JobId::new)?;
    let mut fields = Fields(text("the header", header)?);
    let fence = fields.fence("fence")?;
    let last_unsettled_fence = fields.fence("last unsettled fence")?;
    let claims = fields.u32("claims")?;
    let until = fields.instant("expiry of the claim")?;
    let fire_count = fields.number("fire count", i64::MAX)?.unsigned_abs();
    let (next_run_time, due_at) = (fields.instant("next run time")?, fields.instant("due time")?);
    let finished = match fields.take("finished", 1)? {
        "0" => false,
        "1" => true,
        other => return Err(format!("finished is {other:?}")),
    };
    let in_flight = fields.u32("number of runs")?;
    let revision = Revision(fields.number("revision", Revision::MAX.0)?);
    fields.take("size of the definition", 8)?;
    let (task, node) = fields.0.split_once(SEPARATOR).ok_or("task is missing")?;
    let schedule = match (next_run_time, due_at) {
        (None, None) => None,
        (Some(next_run_time), Some(due_at)) => Some(Schedule { next_run_time, due_at }),
        _ => return Err("only one of next run time and due time is there".into()),
    };
    let record = JobRecord {
        id,
        task: name(task, TaskName::new)?,
        definition: StoredDefinition::from(definition),
        revision,
        fence,
        schedule,
        fire_count,
        claims,
        finished,
        in_flight,
    };
    let claim = match until {
        None => None,
        Some(until) => Some(Claim { node: name(node, NodeId::new)?, until }),
    };
    Ok(StoredJob { record, claim, last_unsettled_fence, runs: Vec::new() })
}

/// The runs in a list, ordered by id.
pub(crate) fn parse_runs(job: &JobId, list: &[u8]) -> Result<Vec<InFlightRun>, CorruptRecord> {
    // The part before the first run is empty.
    let runs = list.split(|byte| *byte == RUN as u8).skip(1).map(|part| run(job, part));
    let mut runs = runs.collect::<Result<Vec<_>, _>>()?;
    runs.sort_unstable_by_key(|run| run.run_id);
    Ok(runs)
}

/// The run in a list, without the first character.
pub(crate) fn run(job: &JobId, run: &[u8]) -> Result<InFlightRun, CorruptRecord> {
    let fields = || {
        let mut fields = Fields(text("the run", run)?);
        Ok(InFlightRun {
            run_id: fields.run_id()?,
            scheduled_time: fields.time("scheduled time")?,
            attempt: fields.u32("attempt")?,
            fence: fields.fence("fence")?,
            node: name(fields.0, NodeId::new)?,
        })
    };
    fields().map_err(|reason: String| {
        let run_id = String::from_utf8_lossy(run.get(..32).unwrap_or(run));
        CorruptRecord::new(CorruptKind::Run, json!([job.as_str(), run_id]).to_string(), reason)
    })
}

/// The error of a call that concerns only this record.
pub(crate) fn corrupt(record: CorruptRecord) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, record.to_string())
}
