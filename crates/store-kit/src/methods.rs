//! The list of all fallible store methods except `start`, for the macros that generate code for each of them.

/// Invokes the macro `path` with the given arguments, followed by the list of methods. `=> T` after an argument is the
/// type by which [`Backend`](crate::Backend) takes it, so that a retry can reuse the argument; `= expr` after a method
/// is the default return value of `Backend`.
#[doc(hidden)]
#[macro_export]
macro_rules! __methods {
    ([$($callback:tt)*] $($given:tt)*) => {
        $($callback)* ! { { $($given)* }
            JobStore {
                Add: add(records: Vec<NewRecord> => &[NewRecord]) -> Vec<AddOutcome>;
                Update: update(id: &JobId, expected: Revision, update: RecordUpdate => &RecordUpdate) -> Revision;
                Remove: remove(ids: &[JobId]) -> Vec<bool>;
                Get: get(id: &JobId) -> Option<StoredJob>;
                List: list(after: Option<&JobCursor>, limit: usize) -> JobRecordPage;
                ClaimDue: claim_due(
                    node: &NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter
                ) -> Claims;
                Commit: commit(batch: CommitBatch => &CommitBatch) -> Vec<CommitOutcome>;
                Renew: renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
                TakeOver: take_over(
                    node: &NodeId, from: &TakeOverFrom, now: Timestamp, limit: usize, filter: &TaskFilter
                ) -> TakeOver;
                NextWakeup: next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
                Metadata: metadata() -> Metadata;
                SetMetadata: set_metadata(key: &str, value: &str) -> ();
                Discard: discard(record: &CorruptRecord) -> bool;
                Watch: watch() -> Option<Box<dyn ChangeWatch>> = None;
                Time: time() -> Option<Timestamp> = None;
            }
            RunHistory {
                ReadHistory: read_history(query: &HistoryRecordQuery) -> HistoryRecordPage;
                ForgetHistoryBefore: delete_history_before(before: Timestamp, limit: usize) -> u64;
                ForgetHistoryBeyond: trim_history(jobs: &[JobId], keep: usize, limit: usize) -> u64;
            }
            TransactionalJobs {
                AddIn: add_in(
                    transaction: &mut CallerTransaction<'_>, records: Vec<NewRecord> => &[NewRecord]
                ) -> Vec<AddOutcome>;
                GetIn: get_in(transaction: &mut CallerTransaction<'_>, id: &JobId) -> Option<StoredJob>;
                UpdateIn: update_in(
                    transaction: &mut CallerTransaction<'_>, id: &JobId, expected: Revision,
                    update: RecordUpdate => &RecordUpdate
                ) -> Revision;
                RemoveIn: remove_in(transaction: &mut CallerTransaction<'_>, ids: &[JobId]) -> Vec<bool>;
                AddMetadataIn: add_metadata_in(
                    transaction: &mut CallerTransaction<'_>, key: &str, value: &str
                ) -> ();
            }
        }
    };
}
