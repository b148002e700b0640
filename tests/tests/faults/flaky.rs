//! A store whose calls fail at random, either in the wrapper itself or because the connection to the server is closed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use punctual::core::{Renewal, TaskFilter};
use punctual::{DynJobStore, NodeId, StoreError, StoreErrorKind, Timestamp};
use punctual_testkit::{StoreCall, StoreLayer};

use crate::fault_injector::{Fault, FaultInjector};
use crate::proxy::FaultProxy;

/// The maximum number of requests of a call that pass before the connection is closed.
const REQUESTS: usize = 3;

pub(crate) struct FlakyStore {
    pub(crate) store: Arc<dyn DynJobStore>,
    pub(crate) faults: Arc<FaultInjector>,
    /// The proxy, if the store is on a server.
    pub(crate) proxy: Option<FaultProxy>,
}

impl StoreLayer for FlakyStore {
    fn inner(&self) -> &dyn DynJobStore {
        &*self.store
    }

    async fn wrap_call<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let Some(fault) = self.faults.next_fault(call) else {
            return work.await;
        };
        if let Some(proxy) = &self.proxy {
            proxy.close(fault, self.faults.below(REQUESTS));
            let result = work.await;
            if proxy.was_closed() {
                self.faults.record(call, fault);
            }
            return result;
        }
        self.faults.record(call, fault);
        match fault {
            Fault::Before => {}
            Fault::During => drop_after(work, 1 + self.faults.below(7)).await,
            Fault::After => drop(work.await?),
        }
        Err(StoreError::new(StoreErrorKind::Unavailable, format!("{call:?}: the connection broke")))
    }

    // The test's clock is independent of the server's clock.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let work = self.store.renew(node, now, until, filter);
        self.wrap_call(StoreCall::Renew, work).await.map(|renewal| renewal.with_time(None))
    }
}

/// Polls the future at most `steps` times, then drops it.
async fn drop_after(work: impl Future, steps: usize) {
    let mut work = pin!(work);
    let mut left = steps;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        work.as_mut().poll(context).map(drop)
    })
    .await;
}
