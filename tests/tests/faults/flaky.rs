//! A store that fails by chance, by itself.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

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
        let Some(fault) = self.dice.throw(call) else {
            return work.await;
        };
        self.dice.struck(call, fault);
        match fault {
            Fault::Before => {}
            Fault::During => break_off(work, 1 + self.dice.below(7)).await,
            Fault::After => drop(work.await?),
        }
        Err(StoreError::new(StoreErrorKind::Unavailable, format!("{call:?}: the connection broke")))
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
