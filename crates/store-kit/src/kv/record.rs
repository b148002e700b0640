//! Entries of jobs: the header contains the record, the claim and the runs; the body contains the definition.

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Fence, InFlightRun, JobRecord, Revision, StoreError,
    StoreErrorKind, StoredJob,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::change::{Change, Target};
use super::{KvBackend, KvEntry, KvNamespace, KvStore, KvValue, format};

/// The header of a [`StoredJob`], with runs that may be corrupt.
#[derive(Deserialize)]
struct JobHeader {
    record: JobRecord,
    claim: Option<Claim>,
    lost: Fence,
    runs: Vec<Box<RawValue>>,
}

/// The header for serialization.
#[derive(Serialize)]
struct JobHeaderRef<'a> {
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

/// A decoded job. Corrupt runs are kept unchanged.
#[derive(Debug)]
pub(super) struct DecodedJob {
    pub(super) job: StoredJob,
    pub(super) corrupt_runs: Vec<(Box<RawValue>, CorruptRecord)>,
}

/// The result of decoding an existing entry.
pub(super) type DecodeResult = Result<DecodedJob, CorruptRecord>;

impl<M: KvStore> KvBackend<M> {
    /// Updates jobs as [`change`](Self::change) does. A corrupt job stays unchanged, unless `apply` removes it.
    pub(super) async fn change_jobs<T: Send>(
        &self,
        targets: Vec<Target<M::Version>>,
        mut apply: impl FnMut(usize, &mut Option<DecodeResult>) -> T + Send,
    ) -> Result<Vec<T>, StoreError> {
        let change = |index, entry: Option<&KvEntry<M::Version>>| {
            let mut job = entry.map(read::<M>);
            let result = apply(index, &mut job);
            let change = match job {
                None => Change::Remove,
                Some(Err(_)) => Change::Keep,
                Some(Ok(decoded)) => Change::Write(write(&decoded), Some(Box::new(decoded.job))),
            };
            (change, result)
        };
        self.change(KvNamespace::Job, targets, change).await
    }
}

fn write(decoded: &DecodedJob) -> KvValue {
    let StoredJob { record, claim, last_unsettled_fence: lost, runs } = &decoded.job;
    let readable = runs.iter().map(Run::Readable);
    let runs = readable.chain(decoded.corrupt_runs.iter().map(|(run, _)| Run::Corrupt(run)));
    let header = JobHeaderRef { record, claim, lost: *lost, runs: runs.collect() };
    KvValue { header: format::write(&header), body: record.definition.encoded().clone() }
}

pub(super) fn read<M: KvStore>(entry: &KvEntry<M::Version>) -> DecodeResult {
    parse::<M>(entry).map_err(|reason| {
        format::corrupt::<M>((KvNamespace::Job, CorruptKind::Job), entry, "/record/id", &reason)
    })
}

fn parse<M: KvStore>(entry: &KvEntry<M::Version>) -> Result<DecodedJob, String> {
    let JobHeader { mut record, claim, lost, runs } =
        format::read(KvNamespace::Job, &entry.value.header)?;
    format::check_key::<M>(KvNamespace::Job, entry, record.id.as_str())?;
    check("revision", record.revision.0, Revision::MAX.0)?;
    check("fence", record.fence.0, Fence::MAX.0)?;
    check("lost", lost.0, Fence::MAX.0)?;
    record.definition = entry.value.body.clone().into();
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
    Ok(DecodedJob { job, corrupt_runs })
}

fn parse_run(run: &str) -> Result<InFlightRun, String> {
    let run: InFlightRun = serde_json::from_str(run).map_err(|error| error.to_string())?;
    check("fence", run.fence.0, Fence::MAX.0).map(|()| run)
}

/// Fences and revisions outside of their range can't have been written by a store, and might overflow.
fn check(field: &str, number: i64, max: i64) -> Result<(), String> {
    let is_in_range = (0..=max).contains(&number);
    is_in_range.then_some(()).ok_or_else(|| format!("{field} is {number}"))
}

/// The error of a call that concerns only this job.
pub(super) fn corrupt_error(corrupt: &CorruptRecord) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, corrupt.to_string())
}
