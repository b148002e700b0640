//! A store with fault injection.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use punctual_core::{
    Clock, DynJobStore, HistoryRecordPage, HistoryRecordQuery, JobId, JobStore, NodeId, Renewal,
    StoreError, StoreErrorKind, TaskFilter, Timestamp,
};
pub(crate) use punctual_testkit::StoreCall as Call;
use punctual_testkit::{Layered, ManualClock, StoreLayer};
use tokio::sync::Notify;

/// The timeout for waiting for a fault.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The fault of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call is not applied and returns an error.
    NotApplied,
    /// The call is applied, and its response is lost.
    ResponseLost,
    /// The call is not applied and never returns.
    Hang,
    /// The call is applied and never returns.
    AppliedAndHangs,
    /// The call is not applied until the faults are cleared.
    Delayed,
    /// The call is applied, and returns when the faults are cleared.
    ResponseDelayed,
    /// The call panics.
    Panic,
    /// The call is not applied and returns an error that is not retryable.
    Rejected,
}

/// What pruning the history does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pruning {
    #[default]
    Works,
    Fails,
    /// It waits until that is changed.
    Waits,
}

/// The faults of a [`Faulty`] store; clones share the state.
#[derive(Clone, Default)]
pub(crate) struct Faults(Arc<(Mutex<State>, Condvar, Notify)>);

#[derive(Default)]
struct State {
    faults: HashMap<Call, (Fault, usize)>,
    calls: HashMap<Call, usize>,
    faults_seen: usize,
    stuck: usize,
    pruning: Pruning,
    prunings: usize,
}

impl Faults {
    /// Makes all calls fail until [`clear`](Self::clear) is called.
    pub(crate) fn set(&self, call: Call, fault: Fault) {
        self.0.0.lock().faults.insert(call, (fault, usize::MAX));
    }

    /// Makes the next call fail.
    pub(crate) fn once(&self, call: Call, fault: Fault) {
        self.0.0.lock().faults.insert(call, (fault, 1));
    }

    pub(crate) fn clear(&self) {
        self.0.0.lock().faults.clear();
        self.0.2.notify_waiters();
    }

    /// Returns how often the method has been called.
    pub(crate) fn calls(&self, call: Call) -> usize {
        self.0.0.lock().calls.get(&call).copied().unwrap_or(0)
    }

    /// Waits until the method has been called more than `more_than` times.
    pub(crate) fn wait_for(&self, call: Call, more_than: usize) {
        let (state, called, _) = &*self.0;
        let calls = |state: &mut State| state.calls.get(&call).copied().unwrap_or(0);
        let few = |state: &mut State| calls(state) <= more_than;
        let late = called.wait_while_for(&mut state.lock(), few, TIMEOUT);
        assert!(!late.timed_out(), "{call:?} was not called");
    }

    /// Returns how often any method has been called.
    pub(crate) fn all_calls(&self) -> usize {
        self.0.0.lock().calls.values().sum()
    }

    /// Waits until a fault has occurred.
    pub(crate) fn wait(&self) {
        let (state, faults_seen, _) = &*self.0;
        let late =
            faults_seen.wait_while_for(&mut state.lock(), |state| state.faults_seen == 0, TIMEOUT);
        assert!(!late.timed_out(), "no fault occurred");
    }

    /// Returns how many calls have blocked.
    pub(crate) fn stuck(&self) -> usize {
        self.0.0.lock().stuck
    }

    fn block(&self) {
        self.0.0.lock().stuck += 1;
    }

    /// Sets what pruning the history does.
    pub(crate) fn set_pruning(&self, pruning: Pruning) {
        self.0.0.lock().pruning = pruning;
        self.0.2.notify_waiters();
    }

    /// Returns how often pruning by age has begun.
    pub(crate) fn prunings(&self) -> usize {
        self.0.0.lock().prunings
    }

    async fn check_pruning(&self) -> Result<(), StoreError> {
        loop {
            let changed = self.0.2.notified();
            let pruning = self.0.0.lock().pruning;
            match pruning {
                Pruning::Works => return Ok(()),
                Pruning::Fails => {
                    return Err(StoreError::new(StoreErrorKind::Unavailable, "pruning fails"));
                }
                Pruning::Waits => changed.await,
            }
        }
    }

    fn next(&self, call: Call) -> Option<Fault> {
        let mut state = self.0.0.lock();
        *state.calls.entry(call).or_default() += 1;
        self.0.1.notify_all();
        let (fault, left) = state.faults.get_mut(&call)?;
        let fault = *fault;
        *left -= 1;
        if *left == 0 {
            state.faults.remove(&call);
        }
        state.faults_seen += 1;
        Some(fault)
    }
}

/// A store whose methods fail as its [`Faults`] specify.
pub(crate) type Faulty<S> = Layered<FaultyLayer<S>>;

pub(crate) fn faulty<S>(inner: S) -> Faulty<S> {
    Layered(FaultyLayer { inner, faults: Faults::default(), clock: None })
}

#[derive(Clone)]
pub(crate) struct FaultyLayer<S> {
    pub(crate) inner: S,
    pub(crate) faults: Faults,
    /// The store's clock, if it has one.
    pub(crate) clock: Option<ManualClock>,
}

impl<S: JobStore> StoreLayer for FaultyLayer<S> {
    fn inner(&self) -> &dyn DynJobStore {
        &self.inner
    }

    async fn wrap_call<T: Send>(
        &self,
        call: Call,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let mut kind = StoreErrorKind::Unavailable;
        match self.faults.next(call) {
            None => return work.await,
            Some(Fault::NotApplied) => {}
            Some(Fault::Rejected) => kind = StoreErrorKind::Other,
            Some(Fault::ResponseLost) => drop(work.await?),
            Some(Fault::Hang) => {
                self.faults.block();
                pending().await
            }
            Some(Fault::AppliedAndHangs) => {
                drop(work.await?);
                self.faults.block();
                pending().await
            }
            Some(Fault::Delayed) => {
                self.faults.block();
                self.faults.0.2.notified().await;
                return work.await;
            }
            Some(Fault::ResponseDelayed) => {
                let result = work.await;
                self.faults.block();
                self.faults.0.2.notified().await;
                return result;
            }
            Some(Fault::Panic) => std::panic::resume_unwind(Box::new("the store panics")),
        }
        Err(StoreError::new(kind, format!("{call:?} failed")))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let time = async { Ok(self.clock.as_ref().map(Clock::now)) };
        self.wrap_call(Call::Time, time).await
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renewal =
            self.wrap_call(Call::Renew, self.inner().renew(node, now, until, filter)).await?;
        Ok(renewal.with_time(self.clock.as_ref().map(Clock::now)))
    }

    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        self.inner().read_history(query).await
    }

    async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.faults.0.0.lock().prunings += 1;
        self.faults.check_pruning().await?;
        self.inner().delete_history_before(before, limit).await
    }

    async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.faults.check_pruning().await?;
        self.inner().trim_history(jobs, keep, limit).await
    }
}
