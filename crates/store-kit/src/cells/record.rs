//! Jobs in cells: the record with its claim and its runs in the head, the definition in the body.

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Fence, InFlightRun, JobRecord, Revision, StoreError,
    StoreErrorKind, StoredJob,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::change::{Change, Target};
use super::{Cell, CellKind, CellStore, CellValue, Medium, format};

/// A [`StoredJob`] whose runs may be anything.
#[derive(Deserialize)]
struct Head {
    record: JobRecord,
    claim: Option<Claim>,
    lost: Fence,
    runs: Vec<Box<RawValue>>,
}

/// The same, to be written.
#[derive(Serialize)]
struct HeadOf<'a> {
    record: &'a JobRecord,
    claim: &'a Option<Claim>,
    lost: Fence,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Run<'a> {
    Readable(&'a InFlightRun),
    Corrupt(&'a RawValue),
}

/// A job that can be read, but perhaps for some of its runs, which stay as they are.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) job: StoredJob,
    pub(super) corrupt_runs: Vec<(Box<RawValue>, CorruptRecord)>,
}

/// What is in a cell that is not empty.
pub(super) type Job = Result<Kept, CorruptRecord>;

impl<M: Medium> CellStore<M> {
    /// Changes jobs as [`change`](Self::change) does. What can't be read stays as it is, unless it is taken out.
    pub(super) async fn change_jobs<T: Send>(
        &self,
        targets: Vec<Target<M::Version>>,
        mut apply: impl FnMut(usize, &mut Option<Job>) -> T + Send,
    ) -> Result<Vec<T>, StoreError> {
        let change = |place, cell: Option<&Cell<M::Version>>| {
            let mut job = cell.map(read::<M>);
            let result = apply(place, &mut job);
            let change = match job {
                None => Change::Remove,
                Some(Err(_)) => Change::Keep,
                Some(Ok(kept)) => Change::Write(write(&kept), Some(Box::new(kept.job))),
            };
            (change, result)
        };
        self.change(CellKind::Job, targets, change).await
    }
}

fn write(kept: &Kept) -> CellValue {
    let StoredJob { record, claim, last_unsettled_fence: lost, runs } = &kept.job;
    let readable = runs.iter().map(Run::Readable);
    let runs = readable.chain(kept.corrupt_runs.iter().map(|(run, _)| Run::Corrupt(run)));
    let head = HeadOf { record, claim, lost: *lost, runs: runs.collect() };
    CellValue { head: format::write(&head), body: record.definition.clone() }
}

pub(super) fn read<M: Medium>(cell: &Cell<M::Version>) -> Job {
    parse::<M>(cell).map_err(|reason| {
        format::corrupt::<M>((CellKind::Job, CorruptKind::Job), cell, "/record/id", &reason)
    })
}

fn parse<M: Medium>(cell: &Cell<M::Version>) -> Result<Kept, String> {
    let Head { mut record, claim, lost, runs } = format::read(CellKind::Job, &cell.value.head)?;
    format::check_name::<M>(CellKind::Job, cell, record.id.as_str())?;
    check("revision", record.revision.0, Revision::MAX.0)?;
    check("fence", record.fence.0, Fence::MAX.0)?;
    check("lost", lost.0, Fence::MAX.0)?;
    record.definition = cell.value.body.clone();
    let mut job = StoredJob { record, claim, last_unsettled_fence: lost, runs: Vec::new() };
    let mut corrupt_runs = Vec::new();
    for run in runs {
        match parse_run(run.get()) {
            Ok(run) => job.runs.push(run),
            Err(reason) => {
                let fields: Value = serde_json::from_str(run.get()).unwrap_or_default();
                let key = format!("{}/{}", job.record.id, fields["run_id"]);
                let reason = format!("{reason}: {run}");
                corrupt_runs.push((run, CorruptRecord::new(CorruptKind::Run, key, reason)));
            }
        }
    }
    job.runs.sort_by_key(|run| run.run_id);
    job.record.in_flight = (job.runs.len() + corrupt_runs.len()).try_into().unwrap_or(u32::MAX);
    Ok(Kept { job, corrupt_runs })
}

fn parse_run(run: &str) -> Result<InFlightRun, String> {
    let run: InFlightRun = serde_json::from_str(run).map_err(|error| error.to_string())?;
    check("fence", run.fence.0, Fence::MAX.0).map(|()| run)
}

/// Numbers that nobody can have counted to would overflow some day.
fn check(field: &str, number: i64, most: i64) -> Result<(), String> {
    let is_possible = (0..=most).contains(&number);
    is_possible.then_some(()).ok_or_else(|| format!("{field} is {number}"))
}

/// What a call that is about this one job alone returns.
pub(super) fn unreadable(corrupt: &CorruptRecord) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, corrupt.to_string())
}
