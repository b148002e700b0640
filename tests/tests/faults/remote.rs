//! A store on a server, on a line that is cut by chance.

use std::future::Future;
use std::sync::Arc;

use punctual::Timestamp;
use punctual::core::{DynJobStore, StoreError};
use punctual_testkit::{StoreCall, StoreLayer};

use crate::dice::Dice;
use crate::line::Line;

/// How many of a call's requests may pass before the line is cut, at most.
const REQUESTS: usize = 3;

pub(crate) struct Remote {
    pub(crate) store: Arc<dyn DynJobStore>,
    pub(crate) line: Line,
    pub(crate) dice: Arc<Dice>,
}

impl StoreLayer for Remote {
    fn inner(&self) -> &dyn DynJobStore {
        &*self.store
    }

    async fn around<T: Send>(
        &self,
        call: StoreCall,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.dice.throw(call);
        if let Some(fault) = fault {
            self.line.cut(fault, self.dice.below(REQUESTS));
        }
        let result = work.await;
        if let Some(fault) = fault
            && self.line.was_cut()
        {
            self.dice.struck(call, fault);
        }
        result
    }

    /// The test's clock is not the server's.
    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(None)
    }
}
