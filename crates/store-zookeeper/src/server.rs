//! What is done when a store is started: nodes are created, and abandoned ones are deleted.

use std::time::Duration;

use punctual_core::Timestamp;

use crate::client::{Found, Read};
use crate::definition::Definition;
use crate::entries::children;
use crate::error::RequestError;
use crate::layout::{CLOCK, DIRECTORIES};
use crate::zookeeper::ZooKeeper;

/// The age of a definition that was written in pieces and is not that of a job, after which it is deleted. Its client was killed:
/// calls fail sooner.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

impl ZooKeeper {
    /// Creates the nodes that always exist.
    pub(crate) async fn prepare(&self) -> Result<(), RequestError> {
        let base = self.paths.base();
        // The user may have no permission for its parents.
        if !self.client.exists(base.to_owned()).await? {
            let ends = base.match_indices('/').skip(1).map(|(end, _)| end);
            let outer = ends.chain([base.len()]).map(|end| base[..end].to_owned());
            self.create_missing(outer.collect()).await?;
        }
        self.create_missing(DIRECTORIES.map(|name| self.paths.node(name)).into()).await?;
        self.delete_abandoned().await
    }

    async fn create_missing(&self, paths: Vec<String>) -> Result<(), RequestError> {
        let reads = paths.iter().cloned().map(Read::Children).collect();
        let found = self.client.read(reads).await?;
        let missing =
            paths.into_iter().zip(found).filter(|(_, found)| matches!(found, Found::Nothing));
        let missing: Vec<_> = missing.map(|(path, _)| (path, false)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => self.client.create(missing).await,
        }
    }

    async fn delete_abandoned(&self) -> Result<(), RequestError> {
        let staged = Read::Children(self.paths.node("staged"));
        let names: Vec<_> =
            self.client.read(vec![staged]).await?.into_iter().flat_map(children).collect();
        if names.is_empty() {
            return Ok(());
        }
        let now = self.client.touch(self.paths.node(CLOCK)).await?.mtime;
        let read = |name: &String| Read::Data(self.paths.node(&format!("staged/{name}")));
        let found = self.client.read(names.iter().map(read).collect()).await?;
        let at = |millis: i64| Timestamp::from_micros(millis.saturating_mul(1_000));
        for (name, found) in names.iter().zip(found) {
            let Found::Data(length, stat) = found else { continue };
            let is_old = at(stat.ctime).saturating_add(ABANDONED) < at(now);
            if let (true, Some(definition)) = (is_old, Definition::of_staged(name, &length)) {
                self.discard_staged(&definition).await?;
            }
        }
        Ok(())
    }
}
