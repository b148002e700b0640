//! The store: what it keeps in which cells, and how it changes that.

use std::path::Path;

use punctual_core::{
    CorruptRecord, JobId, NodeId, StoreError, StoreErrorKind, StoredJob, TaskFilter, Timestamp,
};
use serde_json::{Map, Value};

use crate::cells::{Cells, name_of};
use crate::record::{self, Found, Kept};

/// Keeps jobs in a folder that processes of one machine may share.
///
/// It is an example and has no index: each wake-up and each renewal of a lease reads all jobs, which for a
/// thousand takes some milliseconds. It needs a tokio runtime.
#[derive(Clone, Debug)]
pub struct FolderJobStore {
    /// A cell for each job, named after its id.
    pub(crate) jobs: Cells,
    /// What is not about one job: the layout, the leases of nodes and the metadata, each a map in a cell.
    pub(crate) shared: Cells,
}

/// All jobs, each as it was when it was read.
pub(crate) struct Scan {
    pub(crate) kept: Vec<Kept>,
    pub(crate) corrupt: Vec<CorruptRecord>,
}

impl FolderJobStore {
    /// A store in this folder, which is made by the start. What a call has changed is on the disk when it
    /// returns.
    #[must_use]
    pub fn open(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), true)
    }

    /// The same, but a power failure may undo or spoil what was changed last: for tests.
    #[must_use]
    pub fn open_without_sync(folder: impl AsRef<Path>) -> Self {
        Self::new(folder.as_ref(), false)
    }

    fn new(folder: &Path, durable: bool) -> Self {
        let cells = |kind| Cells::new(folder, kind, durable);
        Self { jobs: cells("jobs"), shared: cells("shared") }
    }

    /// Reads all jobs.
    pub(crate) async fn scan(&self) -> Result<Scan, StoreError> {
        let mut scan = Scan { kept: Vec::new(), corrupt: Vec::new() };
        for (name, value) in self.jobs.all().await? {
            match record::read(&name, &value) {
                Ok(kept) => scan.kept.push(kept),
                Err(corrupt) => scan.corrupt.push(corrupt),
            }
        }
        scan.corrupt.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(scan)
    }

    /// Loads what is in the cell of a job, applies a change and swaps. What can't be read stays as it is, unless
    /// the change takes it out.
    pub(crate) async fn change<T>(
        &self,
        id: &JobId,
        apply: impl FnMut(&mut Option<Found>) -> T,
    ) -> Result<T, StoreError> {
        self.change_cell(&name_of(id.as_str()), apply).await
    }

    pub(crate) async fn change_cell<T>(
        &self,
        name: &str,
        mut apply: impl FnMut(&mut Option<Found>) -> T,
    ) -> Result<T, StoreError> {
        let change = |old: Option<&[u8]>| {
            let mut found = old.map(|value| record::read(name, value));
            let result = apply(&mut found);
            let new = found.and_then(|found| match found {
                Ok(kept) => Some(record::write(&kept)),
                Err(_) => old.map(<[u8]>::to_vec),
            });
            (new, result)
        };
        self.jobs.change(name, change).await
    }

    /// The same for a job that is there and can be read; none if it is not.
    pub(crate) async fn change_job<T>(
        &self,
        id: &JobId,
        mut apply: impl FnMut(&mut StoredJob) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.change(id, |found| Some(apply(&mut found.as_mut()?.as_mut().ok()?.job))).await
    }

    /// The same for one of the shared maps.
    pub(crate) async fn change_map<T>(
        &self,
        name: &str,
        mut apply: impl FnMut(&mut Map<String, Value>) -> T,
    ) -> Result<T, StoreError> {
        let change = |old: Option<&[u8]>| match old.map_or(Ok(Map::new()), serde_json::from_slice) {
            Ok(mut map) => {
                let result = apply(&mut map);
                (Some(Value::Object(map).to_string().into_bytes()), Ok(result))
            }
            Err(error) => (old.map(<[u8]>::to_vec), Err(error)),
        };
        self.shared.change(name, change).await?.map_err(|error| {
            let message = format!("the shared {name} can't be read");
            StoreError::new(StoreErrorKind::Corrupt, message).with_source(error)
        })
    }
}

impl Scan {
    /// Those whose task passes the filter.
    pub(crate) fn passing(&self, filter: &TaskFilter) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(|kept| filter.passes(&kept.job.record.task))
    }

    pub(crate) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.passing(filter).filter_map(|kept| kept.job.claimable_at()).min()
    }

    /// The nodes that have claims or runs.
    pub(crate) fn owners(&self, filter: &TaskFilter) -> impl Iterator<Item = &NodeId> {
        self.passing(filter).flat_map(|kept| {
            let claim = kept.job.claim.iter().map(|claim| &claim.node);
            claim.chain(kept.job.runs.iter().map(|run| &run.node))
        })
    }
}
