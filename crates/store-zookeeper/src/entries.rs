//! Reading of entries.

use punctual_core::{Encoded, StoreError};
use punctual_store_kit::kv::{IndexedJob, KvEntry, KvNamespace, KvValue};
use zookeeper_client::Stat;

use crate::client::{Found, Read};
use crate::definition::Definition;
use crate::error::RequestError;
use crate::layout::{Entry, JobIndex, Version};
use crate::names::{buckets, decode};
use crate::zookeeper::ZooKeeper;

/// How often a read or a search is repeated because of concurrent changes.
pub(crate) const MAX_ATTEMPTS: u32 = 20;

impl ZooKeeper {
    /// All entries of a namespace.
    pub(crate) async fn list_all(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        if namespace == KvNamespace::Job {
            let ids = self.job_ids().await?;
            return Ok(self.read_jobs(&ids).await?.into_iter().flatten().collect());
        }
        let mut directories = vec![namespace.as_str().to_owned()];
        if namespace == KvNamespace::History {
            let buckets = self.children_of(&directories).await?;
            let names = buckets.iter().flat_map(|(_, names)| names);
            directories = names.map(|name| format!("{}/{name}", namespace.as_str())).collect();
        }
        let found = self.children_of(&directories).await?;
        let names = found.iter().flat_map(|(_, names)| names);
        let keys: Vec<_> = names.filter_map(|name| decode(name)).collect();
        Ok(self.read_keys(namespace, &keys).await?.into_iter().flatten().collect())
    }

    /// Reads entries, in the order given.
    pub(crate) async fn read_keys(
        &self,
        namespace: KvNamespace,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, StoreError> {
        if namespace == KvNamespace::Job {
            return Ok(self.read_jobs(keys).await?);
        }
        // The parent is read first: if an entry is deleted later, a swap will find another version of the parent.
        let mut reads = vec![Read::Data(self.paths.node(namespace.as_str()))];
        reads.extend(keys.iter().map(|key| Read::Data(self.paths.entry(namespace, key))));
        let mut found = self.client.read(reads).await?.into_iter();
        let parent = match found.next() {
            Some(Found::Data(_, stat)) => stat.version,
            _ => return Err(deleted().into()),
        };
        let read = |(key, found): (&String, Found)| {
            let Found::Data(header, stat) = found else { return None };
            let version = Version { version: stat.version, parent, ..Version::default() };
            let value = KvValue { header, body: Encoded::default() };
            Some(KvEntry { storage_key: key.clone(), version, value })
        };
        Ok(keys.iter().zip(found).map(read).collect())
    }

    /// The ids of all jobs.
    pub(crate) async fn job_ids(&self) -> Result<Vec<String>, RequestError> {
        let directory = KvNamespace::Job.as_str();
        let bucket = |bucket| Read::Children(self.paths.node(&format!("{directory}/{bucket}")));
        let found = self.client.read(buckets().map(bucket).collect()).await?;
        Ok(found.into_iter().flat_map(children).filter_map(|name| decode(&name)).collect())
    }

    /// Reads jobs with their definitions, in the order given.
    pub(crate) async fn read_jobs(
        &self,
        ids: &[String],
    ) -> Result<Vec<Option<Entry>>, RequestError> {
        let mut jobs = self.read_states(ids).await?;
        let mut unfinished: Vec<_> = (0..jobs.len()).collect();
        for _ in 0..MAX_ATTEMPTS {
            unfinished = self.add_definitions(&mut jobs, unfinished).await?;
            if unfinished.is_empty() {
                return Ok(jobs);
            }
            // The definitions were replaced since the jobs were read.
            let again: Vec<_> = unfinished.iter().map(|index| ids[*index].clone()).collect();
            for (index, job) in unfinished.iter().zip(self.read_states(&again).await?) {
                jobs[*index] = job;
            }
        }
        // Nobody replaces them that often: another program has deleted the definitions.
        Ok(jobs)
    }

    /// Reads jobs without their definitions, in the order given.
    pub(crate) async fn read_states(
        &self,
        ids: &[String],
    ) -> Result<Vec<Option<Entry>>, RequestError> {
        let read = |id: &String| Read::Data(self.paths.entry(KvNamespace::Job, id));
        let found = self.client.read(ids.iter().map(read).collect()).await?;
        let job = |(id, found): (&String, Found)| match found {
            Found::Data(data, stat) => Some(job(id, data, &stat)),
            _ => None,
        };
        Ok(ids.iter().zip(found).map(job).collect())
    }

    /// Completes the jobs with these indexes, and returns the indexes of those whose definitions have been deleted.
    pub(crate) async fn add_definitions(
        &self,
        jobs: &mut [Option<Entry>],
        indexes: Vec<usize>,
    ) -> Result<Vec<usize>, RequestError> {
        let named = |index: usize| Some((index, jobs[index].as_ref()?.version.definition?));
        let named: Vec<_> = indexes.into_iter().filter_map(named).collect();
        let wanted: Vec<_> = named.iter().map(|(_, definition)| *definition).collect();
        let mut deleted = Vec::new();
        for ((index, _), body) in named.into_iter().zip(self.read_definitions(&wanted).await?) {
            match (&mut jobs[index], body) {
                (Some(job), Some(body)) => job.value.body = body,
                _ => deleted.push(index),
            }
        }
        Ok(deleted)
    }
}

/// A job, without its definition.
fn job(id: &str, data: Vec<u8>, stat: &Stat) -> Entry {
    let (definition, header) = match Definition::read(&data) {
        Some((definition, header)) => (Some(definition), header.to_vec()),
        // It is corrupt, and its header is, too.
        None => (None, data),
    };
    let index = JobIndex::of(id, IndexedJob::read(&header));
    KvEntry {
        storage_key: id.to_owned(),
        version: Version { version: stat.version, definition, index, ..Version::default() },
        value: KvValue { header, body: Encoded::default() },
    }
}

/// The names of the children of a node.
pub(crate) fn children(found: Found) -> Vec<String> {
    match found {
        Found::Children(children) => children,
        _ => Vec::new(),
    }
}

/// The error if the nodes that always exist do not.
pub(crate) fn deleted() -> RequestError {
    RequestError::Unavailable("another program has deleted the nodes of the store")
}
