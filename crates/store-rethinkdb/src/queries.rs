//! Searches for documents.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{JobCursor, NodeId, StoreError, TaskFilter, Timestamp};
use punctual_store_kit::kv::{
    HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvNamespace,
};
use punctual_store_kit::task_names;
use serde_json::json;

use crate::database::RethinkDb;
use crate::error::RequestError;
use crate::layout::{
    AFTER, ANY_TASK, Document, Entry, Position, Table, Version, digits, document_key, hash,
    history_of, object, order, owner,
};
use crate::reql::Term;

/// The size of the result of a search after which no further document is read.
const RESULT_BYTES: usize = 16 << 20;

impl RethinkDb {
    /// Executes a search, and returns the documents and whether these are all.
    async fn search(
        &self,
        term: &Term,
        max_size: usize,
    ) -> Result<(Vec<Document>, bool), RequestError> {
        let found = self.client.rows(term, max_size).await?;
        let documents = found.rows.iter().map(|row| serde_json::from_str(row.get()));
        let documents = documents
            .collect::<Result<_, _>>()
            .map_err(|_| RequestError::Garbage("a row is not a document"))?;
        Ok((documents, found.is_complete))
    }

    /// All entries that a search finds.
    async fn entries(
        &self,
        namespace: KvNamespace,
        term: &Term,
    ) -> Result<Vec<Entry>, RequestError> {
        let (documents, _) = self.search(term, usize::MAX).await?;
        Ok(documents.into_iter().filter_map(|one| one.into_entry(namespace)).collect())
    }

    /// All entries of a namespace.
    pub(crate) async fn list_all(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        let table = Table::of(namespace);
        let start = document_key(namespace, "");
        let term = match table {
            // Any key may follow the prefix.
            Table::Shared => {
                self.tables.term(table).between(&start, &(start.clone() + "\u{10ffff}"))
            }
            _ => self.tables.term(table),
        };
        Ok(self.entries(namespace, &term).await?)
    }

    /// The entries with these storage keys, in any order.
    pub(crate) async fn read_keys(
        &self,
        namespace: KvNamespace,
        keys: &[String],
    ) -> Result<Vec<Entry>, StoreError> {
        let keys: Vec<_> = keys.iter().map(|key| document_key(namespace, key)).collect();
        let keys = Term::args(Term::data(object(json!({ "keys": keys }))).field("keys"));
        let term = self.tables.term(Table::of(namespace)).get_all(keys);
        Ok(self.entries(namespace, &term).await?)
    }

    fn jobs(&self) -> Term {
        self.tables.term(Table::Jobs)
    }

    /// The jobs that any of the queries finds, by one query.
    pub(crate) async fn find_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<Version>, StoreError> {
        let (mut searches, mut max_size, mut max_count) = (Vec::new(), usize::MAX, usize::MAX);
        for query in queries {
            match query {
                JobQuery::Due { now, filter, limit } => {
                    searches.extend(self.due(*now, filter, *limit));
                    (max_size, max_count) = (RESULT_BYTES, max_count.min(*limit));
                }
                JobQuery::Next { filter, limit } => {
                    searches.extend(self.next(filter, *limit));
                    max_count = max_count.min(*limit);
                }
                JobQuery::Orphans { live_nodes, .. } => {
                    searches.extend(self.orphans(live_nodes));
                    max_size = RESULT_BYTES;
                }
                _ => searches.push(self.jobs()),
            }
        }
        let Some(first) = searches.pop() else {
            return Ok(JobQueryResult { entries: Vec::new(), is_complete: true });
        };
        let term = if searches.is_empty() {
            first
        } else {
            Term::union([first].into_iter().chain(searches))
        };
        let (documents, is_complete) = self.search(&term, max_size).await?;
        // With as many documents one of the searches may have reached its limit.
        let is_complete = is_complete && documents.len() < max_count;
        let mut by_key: BTreeMap<String, Entry> = BTreeMap::new();
        for entry in documents.into_iter().filter_map(|one| one.into_entry(KvNamespace::Job)) {
            // One without its definition doesn't replace one with it.
            let has_body = !entry.value.body.as_bytes().is_empty();
            if has_body || !by_key.contains_key(&entry.storage_key) {
                by_key.insert(entry.storage_key.clone(), entry);
            }
        }
        Ok(JobQueryResult { entries: by_key.into_values().collect(), is_complete })
    }

    /// Due jobs in the order of their due times; those that are claimed are skipped.
    fn due(&self, now: Timestamp, filter: &TaskFilter, limit: usize) -> Vec<Term> {
        let now = digits(now);
        let end = |task: &str| format!("{task}{now}{AFTER}");
        let Some(names) = task_names(filter) else {
            // Used by no scheduler: sorts all of them.
            let claimable = self.jobs().between(ANY_TASK, &end(ANY_TASK)).with("index", "at");
            return vec![claimable.sorted("due_at").limit(limit)];
        };
        let of_task = |task: &str| {
            let task = &*hash(task);
            let due = self.jobs().between(task, &end(task)).with("index", "due").ordered("due");
            let is_free =
                |row: Term| row.field("at").field(0_usize).le([task, &now].concat().as_str());
            due.filter(1, is_free).limit(limit)
        };
        names.into_iter().map(of_task).collect()
    }

    /// The jobs that can be claimed next, without their definitions.
    fn next(&self, filter: &TaskFilter, limit: usize) -> Vec<Term> {
        let of_task = |task: String| {
            let at = self.jobs().between(&task, &(task.clone() + AFTER)).with("index", "at");
            at.ordered("at").limit(limit).without("definition")
        };
        match task_names(filter) {
            None => vec![of_task(ANY_TASK.into())],
            Some(names) => names.into_iter().map(|name| of_task(hash(name))).collect(),
        }
    }

    /// The jobs with a claim or a run of another node than these.
    fn orphans(&self, live_nodes: &BTreeSet<NodeId>) -> Vec<Term> {
        let live: BTreeSet<_> = live_nodes.iter().map(owner).collect();
        let mut start = String::new();
        let mut gaps = Vec::with_capacity(live.len() + 1);
        for end in live.into_iter().chain([AFTER.to_owned()]) {
            let gap = self.jobs().between(&start, &end).with("index", "owners");
            gaps.push(gap.with("left_bound", "open"));
            start = end;
        }
        gaps
    }

    /// Up to `limit` jobs behind the cursor in the order of listings.
    pub(crate) async fn find_page(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let cursor = after.map(Position::of);
        let mut start =
            after.map_or_else(String::new, |after| order(after.next_run_time, after.id.as_str()));
        let mut is_open = false;
        let mut page: Vec<(Position, Entry)> = Vec::new();
        loop {
            let wanted = limit.saturating_add(1);
            let rest = self.jobs().between(&start, AFTER).with("index", "order");
            let bound = if is_open { "open" } else { "closed" };
            let rest = rest.with("left_bound", bound).ordered("order").limit(wanted);
            let mut found = self.positions(&rest).await?;
            let is_complete = found.len() < wanted;
            // Jobs with the same `order` are in no order: all of them are read.
            if let (false, Some(last)) = (is_complete, found.last()) {
                let last = last.0.clone();
                found.retain(|(order, ..)| *order != last);
                let keys = Term::args(Term::array([last.as_str().into()]));
                let same = self.jobs().get_all(keys).with("index", "order");
                found.extend(self.positions(&same).await?);
                (start, is_open) = (last, true);
            }
            let found = found.into_iter().map(|(_, position, entry)| (position, entry));
            page.extend(
                found.filter(|(position, _)| cursor.as_ref().is_none_or(|at| position > at)),
            );
            if is_complete || page.len() >= limit {
                page.sort_by(|(a, _), (b, _)| a.cmp(b));
                page.truncate(limit);
                return Ok(page.into_iter().map(|(_, entry)| entry).collect());
            }
        }
    }

    /// The jobs that a search finds, each with its `order` and its position.
    async fn positions(&self, term: &Term) -> Result<Vec<(String, Position, Entry)>, RequestError> {
        let (documents, _) = self.search(term, usize::MAX).await?;
        let position = |document: Document| {
            let order = document.order.as_str().unwrap_or_default().to_owned();
            let entry = document.into_entry(KvNamespace::Job)?;
            Some((order.clone(), Position::of_document(&order, &entry), entry))
        };
        Ok(documents.into_iter().filter_map(position).collect())
    }

    pub(crate) async fn find_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        let mut result = HistoryQueryResult { entries: Vec::new(), is_complete: true };
        for query in queries.iter().filter(|query| query.keys.start < query.keys.end) {
            let history = self.tables.term(Table::History);
            let (start, end) = (&query.keys.start, &query.keys.end);
            let (index, entries) = match query.job.map(|job| job.as_str()) {
                None => ("id", history.between(start, end)),
                Some(job) => {
                    let (start, end) = (history_of(job, start), history_of(job, end));
                    ("job", history.between(&start, &end).with("index", "job"))
                }
            };
            let sorted =
                if query.newest { entries.reversed(index) } else { entries.ordered(index) };
            let found = self.entries(KvNamespace::History, &sorted.limit(query.limit)).await?;
            result.is_complete &= found.len() < query.limit;
            result.entries.extend(found);
        }
        Ok(result)
    }
}
