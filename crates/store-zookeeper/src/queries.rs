//! Searches for jobs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::future::{join, try_join};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use punctual_core::{JobCursor, StoreError, TaskFilter, Timestamp};
use punctual_store_kit::kv::{JobQuery, JobQueryResult, KvNamespace, ListPosition};
use punctual_store_kit::task_names;

use crate::client::{Found as Node, Read};
use crate::entries::{children, deleted};
use crate::error::RequestError;
use crate::layout::{CHANGED, Entry, IndexNode, Version};
use crate::names::{decode, digits, encode, time_buckets};
use crate::zookeeper::ZooKeeper;

/// The size of the jobs of a search after which no further one is read, and their number for a take-over.
const RESULT_BYTES: usize = 16 << 20;
const RESULT_JOBS: usize = 1_000;

/// How many tasks are searched at the same time.
const CONCURRENT: usize = 16;

/// How many buckets are read at first, and by which factor their number grows: most are full, but some are empty.
const FIRST_BUCKETS: usize = 8;
const GROWTH: usize = 8;

/// How often a search is repeated because of concurrent changes. Its last result may be a mixture of the states before and after
/// them, of which there will be more anyway.
const MAX_SEARCHES: u32 = 10;

/// What a search has found in the indexes.
struct Found {
    /// In order.
    nodes: Vec<IndexNode>,
    is_complete: bool,
    /// Whether the definitions are needed.
    with_bodies: bool,
}

impl ZooKeeper {
    pub(crate) async fn find_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<Version>, StoreError> {
        let mut by_id = BTreeMap::new();
        let mut is_complete = true;
        let results = queries.iter().map(|query| self.find(query)).collect::<Vec<_>>();
        let results: Vec<_> = stream::iter(results).buffered(CONCURRENT).try_collect().await?;
        for result in results {
            is_complete &= result.is_complete;
            for entry in result.entries {
                // One without its definition doesn't replace one with it.
                let body = entry.value.body.as_bytes().len();
                let old = by_id.get(&entry.storage_key);
                if old.is_none_or(|old: &Entry| old.value.body.as_bytes().len() <= body) {
                    by_id.insert(entry.storage_key.clone(), entry);
                }
            }
        }
        Ok(JobQueryResult { entries: by_id.into_values().collect(), is_complete })
    }

    /// Searches until nothing has changed meanwhile that others are notified of, and until two searches in a row that should
    /// have found all have found the same: the indexes are not read at one moment, so a job that moves from one to
    /// another, or from one bucket to an earlier one, could be missed.
    async fn find(&self, query: &JobQuery<'_>) -> Result<JobQueryResult<Version>, RequestError> {
        let mut stale = BTreeSet::new();
        for attempt in 1..=MAX_SEARCHES {
            // Requests are executed in the order in which they are sent.
            let (before, mut found) = try_join(self.changes(), self.search(query)).await?;
            // A job that moves between the indexes meanwhile can be missed, unless others are found anyway.
            let is_moving = found.is_complete && self.search(query).await?.nodes != found.nodes;
            found.is_complete &= !is_moving;
            let ids: BTreeSet<_> = found.nodes.iter().map(|node| node.id.clone()).collect();
            let ids: Vec<_> = ids.into_iter().collect();
            let (states, after) = join(self.read_states(&ids), self.changes()).await;
            let (states, after) = (states?, after?);
            let by_id: HashMap<_, _> = ids.iter().zip(&states).collect();
            let is_stale = |node: &&IndexNode| match by_id.get(&node.id).copied() {
                Some(Some(job)) => {
                    job.version.index.job.is_exact && !job.version.index.names.contains(&node.name)
                }
                _ => true,
            };
            let now_stale: BTreeSet<_> = found.nodes.iter().filter(is_stale).cloned().collect();
            let is_due = matches!(query, JobQuery::Due { .. });
            let is_consistent = match is_due {
                // They are checked when they are claimed.
                true => now_stale.len() < found.nodes.len() || now_stale.is_empty(),
                false => now_stale.is_empty(),
            };
            if (is_consistent && before == after && !is_moving) || attempt == MAX_SEARCHES {
                return self.result(found, states).await;
            }
            // What is found again belongs to no job.
            let again: Vec<_> = stale.intersection(&now_stale).cloned().collect();
            self.delete_stale(&again, &by_id).await?;
            stale = now_stale;
        }
        Err(RequestError::Unavailable("the indexes of the jobs change too fast"))
    }

    /// Reads the definitions if they are needed, of as many jobs as a result may contain.
    async fn result(
        &self,
        mut found: Found,
        states: Vec<Option<Entry>>,
    ) -> Result<JobQueryResult<Version>, RequestError> {
        let entries: Vec<_> = states.into_iter().flatten().collect();
        if !found.with_bodies {
            return Ok(JobQueryResult { entries, is_complete: found.is_complete });
        }
        let mut by_id: HashMap<_, _> =
            entries.into_iter().map(|entry| (entry.storage_key.clone(), entry)).collect();
        let (mut jobs, mut bytes) = (Vec::new(), 0);
        for entry in found.nodes.iter().filter_map(|node| by_id.remove(&node.id)) {
            let length = entry.version.definition.map_or(0, |definition| definition.length);
            bytes += entry.value.header.len() + length;
            if bytes > RESULT_BYTES && !jobs.is_empty() {
                found.is_complete = false;
                break;
            }
            jobs.push(Some(entry));
        }
        let all = (0..jobs.len()).collect();
        // Those that were removed or changed since are no longer what was searched for.
        for index in self.add_definitions(&mut jobs, all).await? {
            jobs[index] = None;
            found.is_complete = false;
        }
        Ok(JobQueryResult {
            entries: jobs.into_iter().flatten().collect(),
            is_complete: found.is_complete,
        })
    }

    /// The number of notifications so far.
    async fn changes(&self) -> Result<i64, RequestError> {
        let found = self.client.read(vec![Read::Data(self.paths.node(CHANGED))]).await?;
        match found.first() {
            Some(Node::Data(_, stat)) => Ok(stat.mzxid),
            _ => Err(deleted()),
        }
    }

    async fn search(&self, query: &JobQuery<'_>) -> Result<Found, RequestError> {
        match query {
            JobQuery::Due { now, filter, limit } => self.find_due(Some(*now), filter, *limit).await,
            JobQuery::Next { filter, limit } => self.find_due(None, filter, *limit).await,
            JobQuery::Orphans { live_nodes, filter } => {
                let live: BTreeSet<_> = live_nodes.iter().map(|node| node.as_str()).collect();
                self.find_orphans(&live, filter).await
            }
            _ => {
                let node = |id: String| {
                    let text = String::new;
                    IndexNode { at: text(), due: text(), id, node: None, name: text() }
                };
                let nodes = self.job_ids().await?.into_iter().map(node).collect();
                Ok(Found { nodes, is_complete: true, with_bodies: true })
            }
        }
    }

    /// The encoded names of the tasks that match the filter.
    async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<String>, RequestError> {
        match task_names(filter) {
            Some(names) => Ok(names.into_iter().map(encode).collect()),
            None => {
                // A task that a claimed job was given by an update has no node in the other index yet.
                let found = self.children_of(&["due".to_owned(), "claimed".to_owned()]).await?;
                let tasks: BTreeSet<_> = found.into_iter().flat_map(|(_, tasks)| tasks).collect();
                Ok(tasks.into_iter().collect())
            }
        }
    }

    /// The jobs that can be claimed at an instant, those that have been due for the longest time first; or the jobs that can be
    /// claimed next.
    async fn find_due(
        &self,
        now: Option<Timestamp>,
        filter: &TaskFilter,
        count: usize,
    ) -> Result<Found, RequestError> {
        // Claims that have ended are sorted by their ends, not by the times since which their jobs are due.
        let claims = if now.is_some() { usize::MAX } else { count };
        let tasks = self.tasks(filter).await?;
        let walks = tasks.iter().flat_map(|task| [("due", task, count), ("claimed", task, claims)]);
        let walks: Vec<_> = walks
            .map(|(index, task, count)| self.walk(format!("{index}/{task}"), now, count))
            .collect();
        let walks: Vec<_> = stream::iter(walks).buffered(CONCURRENT).try_collect().await?;
        let mut is_complete = walks.iter().all(|(_, is_complete)| *is_complete);
        let mut nodes: Vec<_> = walks.into_iter().flat_map(|(nodes, _)| nodes).collect();
        match now {
            Some(_) => nodes.sort_unstable_by(|a, b| a.due.cmp(&b.due)),
            None => nodes.sort_unstable_by(|a, b| a.at.cmp(&b.at)),
        }
        is_complete &= nodes.len() <= count;
        nodes.truncate(count);
        Ok(Found { nodes, is_complete, with_bodies: now.is_some() })
    }

    /// The jobs with claims or runs of nodes that are not among these. Runs are found by their nodes, and claims, of which there
    /// are few at a time, by their tasks: before the runs, since claims become runs.
    async fn find_orphans(
        &self,
        live_nodes: &BTreeSet<&str>,
        filter: &TaskFilter,
    ) -> Result<Found, RequestError> {
        let tasks = self.tasks(filter).await?;
        let walks = tasks.iter().map(|task| self.walk(format!("claimed/{task}"), None, usize::MAX));
        let walks: Vec<_> = walks.collect();
        let walks: Vec<_> = stream::iter(walks).buffered(CONCURRENT).try_collect().await?;
        let is_dead = |node: &str| !live_nodes.contains(node);
        let claims = walks.into_iter().flat_map(|(nodes, _)| nodes);
        let mut nodes: Vec<_> =
            claims.filter(|claim| claim.node.as_deref().is_some_and(is_dead)).collect();

        let owners = self.children("owned".to_owned()).await?;
        let dead = owners.iter().filter(|owner| decode(owner).is_some_and(|node| is_dead(&node)));
        let directories: Vec<_> = dead.map(|owner| format!("owned/{owner}")).collect();
        // Jobs without a schedule have tasks that no other index may contain.
        let tasks: Option<BTreeSet<_>> =
            task_names(filter).map(|names| names.into_iter().collect());
        let is_wanted = |task: &str| tasks.as_ref().is_none_or(|tasks| tasks.contains(task));
        for (directory, names) in self.children_of(&directories).await? {
            let owned = names.iter().filter_map(|name| IndexNode::owned(&directory, name));
            nodes.extend(owned.filter(|(task, _)| is_wanted(task)).map(|(_, node)| node));
        }
        let is_complete = nodes.len() <= RESULT_JOBS;
        nodes.truncate(RESULT_JOBS);
        Ok(Found { nodes, is_complete, with_bodies: true })
    }

    /// The first nodes in the buckets of an index, in order: all until an instant, or some more than `count`. Returns whether
    /// these are all.
    async fn walk(
        &self,
        directory: String,
        until: Option<Timestamp>,
        count: usize,
    ) -> Result<(Vec<IndexNode>, bool), RequestError> {
        let end = until.map(|until| (time_buckets(until), digits(until)));
        let is_in = |name: &str, end: Option<&String>| end.is_none_or(|end| name <= end.as_str());
        let sorted = |mut names: Vec<String>, end: Option<&String>| {
            names.retain(|name| is_in(name, end));
            names.sort_unstable();
            names
        };
        let (outer_end, inner_end) = match &end {
            Some(([outer, inner], _)) => (Some(outer), Some(inner)),
            None => (None, None),
        };
        let mut nodes = Vec::new();
        let outer = sorted(self.children(directory.clone()).await?, outer_end);
        let outer: Vec<_> = outer.into_iter().map(|name| format!("{directory}/{name}")).collect();
        for outer in growing(&outer) {
            let mut inner = Vec::new();
            for (directory, names) in self.children_of(outer).await? {
                let names = sorted(names, inner_end).into_iter();
                inner.extend(names.map(|name| format!("{directory}/{name}")));
            }
            for inner in growing(&inner) {
                for (directory, names) in self.children_of(inner).await? {
                    let parsed = names.iter().filter_map(|name| IndexNode::timed(&directory, name));
                    let mut found: Vec<_> = parsed
                        .filter(|node| is_in(&node.at, end.as_ref().map(|(_, at)| at)))
                        .collect();
                    found.sort_unstable();
                    nodes.extend(found);
                }
                if nodes.len() > count {
                    return Ok((nodes, false));
                }
            }
        }
        Ok((nodes, true))
    }

    pub(crate) async fn children(&self, name: String) -> Result<Vec<String>, RequestError> {
        Ok(self.children_of(&[name]).await?.into_iter().flat_map(|(_, names)| names).collect())
    }

    /// The names of the children of nodes; none if a node does not exist.
    pub(crate) async fn children_of(
        &self,
        names: &[String],
    ) -> Result<Vec<(String, Vec<String>)>, RequestError> {
        let reads = names.iter().map(|name| Read::Children(self.paths.node(name))).collect();
        let found = self.client.read(reads).await?;
        Ok(names.iter().cloned().zip(found.into_iter().map(children)).collect())
    }

    /// Reads a page of the list. There is no index for it: the headers of all jobs are read.
    pub(crate) async fn find_page(
        &self,
        after: Option<&JobCursor>,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let last = after.map(ListPosition::of);
        let ids = self.job_ids().await?;
        let (mut page, mut corrupt) = (Vec::new(), Vec::new());
        for job in self.read_states(&ids).await?.into_iter().flatten() {
            let id = job.storage_key;
            match ListPosition::read(&id, &job.value.header) {
                // Their positions are unknown: they are on the first page.
                None if last.is_none() => corrupt.push(id),
                Some(position) if Some(&position) > last.as_ref() => page.push(position),
                _ => {}
            }
        }
        page.sort_unstable();
        page.truncate(count);
        let ids = corrupt.into_iter().chain(page.into_iter().map(ListPosition::into_id));
        self.read_keys(KvNamespace::Job, &ids.collect::<Vec<_>>())
            .await
            .map(|jobs| jobs.into_iter().flatten().collect())
    }
}

/// Splits buckets into parts of increasing length.
pub(crate) fn growing<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    let mut length = FIRST_BUCKETS;
    std::iter::from_fn(move || {
        let part;
        (part, rest) = rest.split_at(length.min(rest.len()));
        length = length.saturating_mul(GROWTH);
        (!part.is_empty()).then_some(part)
    })
}
