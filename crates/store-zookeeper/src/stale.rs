//! Nodes of indexes that belong to nothing, because another program has deleted or changed something.

use std::collections::HashMap;

use punctual_store_kit::kv::KvNamespace;

use crate::changes::guard;
use crate::client::Op;
use crate::error::RequestError;
use crate::layout::{Entry, IndexNode};
use crate::zookeeper::ZooKeeper;

impl ZooKeeper {
    /// Deletes nodes of indexes whose jobs do not exist or have other nodes, if that is still so.
    pub(crate) async fn delete_stale(
        &self,
        stale: &[IndexNode],
        jobs: &HashMap<&String, &Option<Entry>>,
    ) -> Result<(), RequestError> {
        for node in stale {
            let path = self.paths.entry(KvNamespace::Job, &node.id);
            let mut ops = match jobs.get(&node.id).copied().and_then(Option::as_ref) {
                Some(job) => {
                    let is_same = Op::Check(path, Some(job.version.version));
                    guard(&self.paths, Some(&job.version)).into_iter().chain([is_same]).collect()
                }
                // It can be created only if it does not exist.
                None => vec![Op::Create(path.clone(), Vec::new()), Op::Delete(path, None)],
            };
            ops.push(Op::Delete(self.paths.node(&node.name), None));
            self.create_parents(&ops).await?;
            // Whether it was deleted or has changed, the search is repeated.
            self.client.write(ops).await?;
        }
        Ok(())
    }
}
