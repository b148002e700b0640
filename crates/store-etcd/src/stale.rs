//! Keys of indexes that belong to nothing, because another program has deleted or changed something.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use punctual_core::BatchLimit;
use punctual_store_kit::parts;

use crate::client::CONCURRENT;
use crate::error::RequestError;
use crate::etcd::Etcd;
use crate::messages::{Compare, DeleteRangeRequest, Request, TxnRequest};

/// The limit of one request.
const LIMIT: BatchLimit = BatchLimit { count: 60, bytes: 1 << 18 };

/// A key of an index whose job does not exist or has other keys.
#[derive(Clone, Debug)]
pub(crate) struct StaleKey {
    pub(crate) key: Vec<u8>,
    pub(crate) revision: i64,
    pub(crate) job: Vec<u8>,
    /// 0 if there is none.
    pub(crate) job_revision: i64,
}

impl Etcd {
    /// Deletes keys of indexes that have no job, if neither the key nor the job has changed since they were read. Returns
    /// whether any has been deleted.
    pub(crate) async fn delete_stale(&self, stale: &[StaleKey]) -> Result<bool, RequestError> {
        let requests =
            parts(stale, LIMIT, |stale| 2 * stale.key.len() + stale.job.len()).map(|part| {
                let txn = |stale: &StaleKey| {
                    let StaleKey { key, revision, job, job_revision } = stale.clone();
                    let compare = vec![
                        Compare::is_at(key.clone(), revision),
                        Compare::is_at(job, job_revision),
                    ];
                    Request::Txn(TxnRequest {
                        compare,
                        success: vec![Request::Delete(DeleteRangeRequest { key }).into()],
                        failure: Vec::new(),
                    })
                    .into()
                };
                let success = part.iter().map(txn).collect();
                self.client.call(TxnRequest { success, ..TxnRequest::default() })
            });
        let responses: Vec<_> =
            stream::iter(requests.collect::<Vec<_>>()).buffered(CONCURRENT).try_collect().await?;
        let mut results = responses.iter().flat_map(|response| &response.responses);
        Ok(results.any(|one| one.txn.as_ref().is_some_and(|txn| txn.succeeded)))
    }
}
