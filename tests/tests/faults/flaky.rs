//! A store that fails by chance.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use punctual::Timestamp;
use punctual::core::{DynJobStore, StoreError, StoreErrorKind};
use punctual_testkit::{StoreCall, StoreLayer};

use crate::dice::{Dice, Fault};

pub(crate) struct Flaky {
    pub(crate) store: Arc<dyn DynJobStore>,
    pub(crate) dice: Arc<Dice>,
}

impl StoreLayer for Flaky {
    fn inner(&self) -> &dyn DynJobStore {
        &*self.store
    }

    async fn around<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.dice.throw(call) {
            None => return work.await,
            Some(Fault::Before) => {}
            Some(Fault::During(steps)) => break_off(work, steps).await,
            Some(Fault::After) => drop(work.await?),
        }
        Err(StoreError::new(StoreErrorKind::Unavailable, format!("{call:?}: the connection broke")))
    }

    /// The test's clock is not the server's.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}

/// Lets the work come so far, or to its end, and drops it there.
async fn break_off(work: impl Future, steps: usize) {
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
