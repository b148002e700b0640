//! Compare-and-swap of documents: one query for many of them.

use std::collections::HashMap;

use punctual_core::{BatchLimit, StoreError};
use punctual_store_kit::kv::KvEntry;
use punctual_store_kit::parts;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::database::RethinkDb;
use crate::error::RequestError;
use crate::layout::{Change, Swap, Table, object};
use crate::reql::Term;

/// The limit of one query. The server accepts 128 MiB, and becomes slow with large ones.
pub(crate) const LIMIT: BatchLimit = BatchLimit { count: 1_000, bytes: 8 << 20 };

/// What a query reports that writes documents.
#[derive(Debug, Deserialize)]
struct Written {
    #[serde(default)]
    first_error: Option<String>,
    /// Keys, and tokens after the change.
    changes: Vec<(Option<String>, Value)>,
}

impl RethinkDb {
    /// Executes each change on its condition, and returns which have succeeded.
    pub(crate) async fn swap_all(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        let token = Uuid::new_v4().simple().to_string();
        let mut changes: Vec<_> = swaps
            .iter()
            .enumerate()
            .map(|(index, swap)| (Table::of(swap.namespace), index, Change::new(swap, &token)))
            .collect();
        let group =
            |(table, _, change): &(Table, usize, Change)| (*table, change.expected.is_none());
        changes.sort_by_key(group);
        let mut done = vec![false; swaps.len()];
        for of_table in changes.chunk_by(|a, b| group(a) == group(b)) {
            for part in parts(of_table, LIMIT, |(.., change)| change.size) {
                let changes: Vec<_> = part.iter().map(|(.., change)| change).collect();
                let succeeded = self.execute(part[0].0, &changes, &token).await?;
                part.iter()
                    .zip(succeeded)
                    .for_each(|((_, index, _), is_done)| done[*index] = is_done);
            }
        }
        for (swap, is_done) in swaps.into_iter().zip(&done) {
            if let (true, Table::Jobs, Some(value)) = (is_done, Table::of(swap.namespace), swap.new)
            {
                let version = token.clone().into();
                self.recent.remember(KvEntry { storage_key: swap.storage_key, version, value });
            }
        }
        Ok(done)
    }

    /// Executes changes of documents that are all new, or all exist.
    async fn execute(
        &self,
        table: Table,
        changes: &[&Change],
        token: &str,
    ) -> Result<Vec<bool>, RequestError> {
        let is_new = changes.iter().all(|change| change.expected.is_none());
        let table = self.tables.term(table);
        let write = if is_new { insert(table, changes) } else { replace(table, changes) };
        let is_told = changes.iter().any(|change| change.is_told);
        let notify = is_told.then(|| self.tables.notify(token));
        // The items are executed in their order: others are notified of what they can read.
        let query = Term::array([report(write)].into_iter().chain(notify));
        let mut results: Vec<Value> = self.client.value(&query).await?;
        let written: Written = match results.is_empty() {
            true => return Err(RequestError::Garbage("a write has no result")),
            false => serde_json::from_value(results.swap_remove(0))
                .map_err(|_| RequestError::Garbage("the result of a write is unexpected"))?,
        };
        if let Some(error) = &written.first_error {
            return Err(RequestError::of_document(error));
        }
        let after: HashMap<_, _> = written
            .changes
            .iter()
            .filter_map(|(key, token)| Some((key.as_deref()?, token)))
            .collect();
        let is_done = |change: &&Change| match (after.get(change.key.as_str()), &change.fields) {
            (None, _) => false,
            (Some(now), Some(_)) => now.as_str() == Some(token),
            (Some(now), None) => now.is_null(),
        };
        Ok(changes.iter().map(is_done).collect())
    }
}

/// Inserts documents; those that exist stay as they are.
fn insert(table: Term, changes: &[&Change]) -> Term {
    let document = |change: &&Change| {
        let mut document = change.fields.clone().unwrap_or_default();
        document.insert("id".into(), change.key.clone().into());
        Value::Object(document)
    };
    let documents: Vec<_> = changes.iter().map(document).collect();
    let documents = Term::data(object(json!({ "documents": documents }))).field("documents");
    durable(table.insert(documents).with("conflict", Term::keep_old()))
}

/// Changes the documents that have the expected tokens.
fn replace(table: Term, changes: &[&Change]) -> Term {
    let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
    // Keys of objects begin with `=`, so that none has a meaning for the server.
    let by_key: Map<String, Value> = changes
        .iter()
        .map(|change| {
            let new = json!({ "expected": change.expected, "fields": change.fields });
            (format!("={}", change.key), new)
        })
        .collect();
    let batch = Term::data(object(json!({ "keys": keys, "changes": by_key })));
    // The batch is a value that the function finds its document's change in, instead of one that it computes for each.
    batch.pipe(1, |batch| {
        let selected = table.get_all(Term::args(batch.clone().field("keys")));
        durable(selected.replace(2, |row| {
            let change =
                || batch.clone().field("changes").field(row.clone().field("id").after("="));
            let token = row.clone().field("v").or_null();
            // It may have been removed since it was selected.
            let is_expected =
                row.clone().ne(Term::null()).and(token.eq(change().field("expected")));
            let is_removed = change().field("fields").eq(Term::null());
            let new = row.clone().merge(change().field("fields"));
            is_expected.branch(is_removed.branch(Term::null(), new), row)
        }))
    })
}

/// With changes that are on the disk when they are reported, and a report of all of them.
fn durable(write: Term) -> Term {
    write.with("durability", "hard").with("return_changes", "always")
}

/// The parts of a report that [`Written`] has.
fn report(write: Term) -> Term {
    write.pipe(4, |result| {
        let change = |change: Term| {
            let old_key = change.clone().field("old_val").field("id").or_null();
            let key = change.clone().field("new_val").field("id");
            let key = key.or(old_key);
            Term::array([key, change.field("new_val").field("v").or_null()])
        };
        // There is none if no document was selected.
        let changes = result.clone().field("changes").or(Term::array([])).map(5, change);
        Term::object([("first_error", result.field("first_error").or_null()), ("changes", changes)])
    })
}
