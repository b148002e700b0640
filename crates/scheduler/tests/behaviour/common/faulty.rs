//! A store that fails when it is told to.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use punctual_core::{
    AddOutcome, Claim, CommitBatch, CommitOutcome, InFlightRun, JobCursor, JobId, JobPage,
    JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate, Revision, StoreCaps,
    StoreError, StoreErrorKind, TaskFilter, Timestamp,
};

/// How long a fault may be waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A method of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Start,
    Shutdown,
    Add,
    Update,
    Remove,
    RemoveAll,
    Get,
    List,
    ClaimDue,
    Commit,
    Renew,
    TakeOver,
    InFlight,
    NextWakeup,
    Notes,
    SetNote,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is done, and it says so.
    Before,
    /// Everything is done, and the answer is lost.
    After,
    /// There is never an answer.
    Hang,
    /// It panics.
    Panic,
}

/// Tells a [`Faulty`] store what goes wrong; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    faults: HashMap<Call, (Fault, usize)>,
    calls: HashMap<Call, usize>,
    struck: usize,
}

impl Faults {
    /// From now on, until [`clear`](Self::clear).
    pub(crate) fn set(&self, call: Call, fault: Fault) {
        self.0.0.lock().faults.insert(call, (fault, usize::MAX));
    }

    /// At the next call only.
    pub(crate) fn once(&self, call: Call, fault: Fault) {
        self.0.0.lock().faults.insert(call, (fault, 1));
    }

    pub(crate) fn clear(&self) {
        self.0.0.lock().faults.clear();
    }

    /// How often the method has been called.
    pub(crate) fn calls(&self, call: Call) -> usize {
        self.0.0.lock().calls.get(&call).copied().unwrap_or(0)
    }

    /// Waits until something has gone wrong.
    pub(crate) fn wait(&self) {
        let (state, struck) = &*self.0;
        let late = struck.wait_while_for(&mut state.lock(), |state| state.struck == 0, PATIENCE);
        assert!(!late.timed_out(), "nothing went wrong");
    }

    fn next(&self, call: Call) -> Option<Fault> {
        let mut state = self.0.0.lock();
        *state.calls.entry(call).or_default() += 1;
        let (fault, left) = state.faults.get_mut(&call)?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            state.faults.remove(&call);
        }
        state.struck += 1;
        self.0.1.notify_all();
        Some(fault)
    }

    async fn around<T>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let fault = self.next(call);
        match fault {
            None => return work.await,
            Some(Fault::Before) => {}
            Some(Fault::After) => drop(work.await?),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Panic) => std::panic::resume_unwind(Box::new("the store panics")),
        }
        Err(StoreError::new(StoreErrorKind::Unavailable, format!("{call:?} failed")))
    }
}

/// A store whose methods fail as its [`Faults`] say.
#[derive(Clone)]
pub(crate) struct Faulty<S> {
    pub(crate) inner: S,
    pub(crate) faults: Faults,
}

impl<S> Faulty<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, faults: Faults::default() }
    }
}

impl<S: JobStore> JobStore for Faulty<S> {
    fn caps(&self) -> StoreCaps {
        self.inner.caps()
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.faults.around(Call::Start, self.inner.start()).await
    }

    async fn shutdown(&self) {
        let work = async {
            self.inner.shutdown().await;
            Ok(())
        };
        let _ = self.faults.around(Call::Shutdown, work).await;
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.faults.around(Call::Add, self.inner.add(records)).await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.faults.around(Call::Update, self.inner.update(id, expected, update)).await
    }

    async fn remove(&self, id: &JobId) -> Result<bool, StoreError> {
        self.faults.around(Call::Remove, self.inner.remove(id)).await
    }

    async fn remove_all(&self) -> Result<u64, StoreError> {
        self.faults.around(Call::RemoveAll, self.inner.remove_all()).await
    }

    async fn get(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        self.faults.around(Call::Get, self.inner.get(id)).await
    }

    async fn list(&self, after: Option<&JobCursor>, limit: usize) -> Result<JobPage, StoreError> {
        self.faults.around(Call::List, self.inner.list(after, limit)).await
    }

    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        self.faults.around(Call::ClaimDue, self.inner.claim_due(now, limit, lease, filter)).await
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        self.faults.around(Call::Commit, self.inner.commit(batch)).await
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.faults.around(Call::Renew, self.inner.renew(node, now, until)).await
    }

    async fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        self.faults.around(Call::TakeOver, self.inner.take_over(node, now, limit, filter)).await
    }

    async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        self.faults.around(Call::InFlight, self.inner.in_flight(id)).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        self.faults.around(Call::NextWakeup, self.inner.next_wakeup(filter)).await
    }

    async fn notes(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.faults.around(Call::Notes, self.inner.notes()).await
    }

    async fn set_note(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.faults.around(Call::SetNote, self.inner.set_note(key, text)).await
    }
}
