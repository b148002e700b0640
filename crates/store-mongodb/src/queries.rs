//! Searches for jobs and history entries.

use mongodb::bson::{Document, doc};
use punctual_core::{JobCursor, StoreError, TaskFilter};
use punctual_store_kit::kv::{
    HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvNamespace,
};
use punctual_store_kit::task_names;

use crate::client::Search;
use crate::database::MongoDb;
use crate::layout::{self, Entry, Version};

/// The indexes of the jobs; see [`layout`](crate::layout).
pub(crate) fn job_indexes() -> [Document; 4] {
    [
        doc! { "due": 1, "at": 1, "header.record.task": 1 },
        doc! { "at": 1, "header.record.task": 1 },
        doc! { "order": 1, "_id": 1 },
        doc! { "owners": 1 },
    ]
}

/// The indexes of the history, besides that of the keys.
pub(crate) fn history_indexes() -> [Document; 1] {
    [doc! { "header.entry.job_id": 1, "_id": 1 }]
}

impl MongoDb {
    /// The entries that a search finds, and whether these are all that match.
    pub(crate) async fn search(
        &self,
        namespace: KvNamespace,
        search: Search,
    ) -> Result<(Vec<Entry>, bool), StoreError> {
        let found = self.client.find(&self.collections.name(namespace), search).await?;
        let entries = found.documents.iter().filter_map(|one| layout::entry(one).transpose());
        Ok((entries.collect::<Result<_, _>>()?, found.is_complete))
    }

    /// Reads the documents with these keys, in any order. Jobs that are marked as removed are deleted, because they are in
    /// the way of new ones.
    pub(crate) async fn read_keys(
        &self,
        namespace: KvNamespace,
        keys: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        let search = Search::new(doc! { "_id": { "$in": keys } });
        let found = self.client.find(&self.collections.name(namespace), search).await?;
        let (mut entries, mut removed) = (Vec::new(), Vec::new());
        for document in &found.documents {
            match layout::entry(document)? {
                Some(entry) => entries.push(entry),
                None => removed.extend(document.get_str("_id").map(str::to_owned)),
            }
        }
        self.delete_removed(removed).await?;
        Ok(entries)
    }

    pub(crate) async fn find_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<Version>, StoreError> {
        let mut result = JobQueryResult { entries: Vec::new(), is_complete: true };
        for query in queries {
            let search = match query {
                JobQuery::Due { now, filter, limit } => {
                    let now = now.as_micros();
                    let mut matches = doc! { "due": { "$lte": now }, "at": { "$lte": now } };
                    add_tasks(&mut matches, filter);
                    let (sort, limit) = (doc! { "due": 1 }, Some(*limit));
                    Search { sort, limit, is_bounded: true, ..Search::new(matches) }
                }
                JobQuery::Next { filter, limit } => {
                    let mut matches = doc! { "at": { "$gte": i64::MIN } };
                    add_tasks(&mut matches, filter);
                    let (sort, limit) = (doc! { "at": 1 }, Some(*limit));
                    Search { sort, limit, ..Search::new(matches) }
                }
                JobQuery::Orphans { live_nodes, filter } => {
                    let live: Vec<_> = live_nodes.iter().map(|node| node.as_str()).collect();
                    // The first condition uses the index in any server.
                    let dead = doc! { "$gte": "", "$nin": live };
                    let mut matches = doc! { "owners": { "$elemMatch": dead } };
                    add_tasks(&mut matches, filter);
                    Search { is_bounded: true, ..Search::new(matches) }
                }
                _ => Search::new(doc! {}),
            };
            let (entries, is_complete) = self.search(KvNamespace::Job, search).await?;
            result.entries.extend(entries);
            result.is_complete &= is_complete;
        }
        // A job may match several queries.
        if queries.len() > 1 {
            result.entries.sort_by(|a, b| a.storage_key.cmp(&b.storage_key));
            result.entries.dedup_by(|a, b| a.storage_key == b.storage_key);
        }
        Ok(result)
    }

    pub(crate) async fn find_page(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let matches = match after {
            None => doc! { "order": { "$gte": i64::MIN } },
            Some(after) => {
                let order = after.next_run_time.map_or(i64::MAX, |at| at.as_micros());
                let id = after.id.as_str();
                doc! { "$or": [{ "order": order, "_id": { "$gt": id } }, { "order": { "$gt": order } }] }
            }
        };
        let (sort, limit) = (doc! { "order": 1, "_id": 1 }, Some(limit));
        let search = Search { sort, limit, ..Search::new(matches) };
        Ok(self.search(KvNamespace::Job, search).await?.0)
    }

    pub(crate) async fn find_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        let mut result = HistoryQueryResult { entries: Vec::new(), is_complete: true };
        for query in queries {
            let mut matches = doc! { "_id": { "$gte": &query.keys.start, "$lt": &query.keys.end } };
            if let Some(job) = query.job {
                matches.insert("header.entry.job_id", job.as_str());
            }
            let sort = doc! { "_id": if query.newest { -1 } else { 1 } };
            let search = Search { sort, limit: Some(query.limit), ..Search::new(matches) };
            let (entries, is_complete) = self.search(KvNamespace::History, search).await?;
            result.entries.extend(entries);
            result.is_complete &= is_complete;
        }
        Ok(result)
    }
}

fn add_tasks(matches: &mut Document, filter: &TaskFilter) {
    if let Some(names) = task_names(filter) {
        matches.insert("header.record.task", doc! { "$in": names });
    }
}
