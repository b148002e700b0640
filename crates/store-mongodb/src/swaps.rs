//! Compare-and-swap of documents: one command for many of them.

use std::collections::HashSet;

use mongodb::Namespace;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind, PartialBulkWriteResult};
use mongodb::options::{DeleteOneModel, InsertOneModel, UpdateOneModel, WriteModel};
use mongodb::results::VerboseBulkWriteResult;
use punctual_core::{BatchLimit, StoreError};
use punctual_store_kit::kv::{KvEntry, KvNamespace};
use punctual_store_kit::parts;

use crate::client::{Search, Written};
use crate::database::MongoDb;
use crate::error::{DUPLICATE_KEY, ServerError, store_error, unexpected};
use crate::layout::{Change, Swap, version_after};

/// The limit of one command. The server accepts up to 16 MiB of statements.
pub(crate) const LIMIT: BatchLimit = BatchLimit { count: 1_000, bytes: 8 << 20 };

/// How often a command is executed that conflicts with others.
const MAX_ATTEMPTS: u32 = 5;

impl MongoDb {
    /// Executes each change on its condition, and returns which have succeeded.
    pub(crate) async fn swap_all(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        let token = ObjectId::new();
        let mut changes = Vec::with_capacity(swaps.len());
        for (index, swap) in swaps.iter().enumerate() {
            changes.push((swap.namespace, index, Change::new(swap, token)?));
        }
        // All clients change documents in the same order, because some servers lock them until the end of a command.
        changes.sort_by(|(a_name, _, a), (b_name, _, b)| (a_name, &a.key).cmp(&(b_name, &b.key)));
        let mut done = vec![false; swaps.len()];
        for of_collection in changes.chunk_by(|(a, ..), (b, ..)| a == b) {
            for part in parts(of_collection, LIMIT, |(.., change)| change.size) {
                let changes: Vec<_> = part.iter().map(|(.., change)| change).collect();
                let part_done = match self.has_bulk_write {
                    true => self.bulk_write(part[0].0, &changes).await?,
                    false => self.write_separately(part[0].0, &changes, token).await?,
                };
                part.iter()
                    .zip(part_done)
                    .for_each(|((_, index, _), is_done)| done[*index] = is_done);
            }
        }
        for (swap, _) in swaps.into_iter().zip(&done).filter(|(_, is_done)| **is_done) {
            let version = version_after(&swap, token);
            if let (KvNamespace::Job, Some(value)) = (swap.namespace, swap.new) {
                self.recent.remember(KvEntry { storage_key: swap.storage_key, version, value });
            }
        }
        Ok(done)
    }

    /// Executes the changes by a command for each kind.
    async fn write_separately(
        &self,
        namespace: KvNamespace,
        changes: &[&Change],
        token: ObjectId,
    ) -> Result<Vec<bool>, StoreError> {
        let (mut inserts, mut updates, mut deletes) = (Vec::new(), Vec::new(), Vec::new());
        for (index, change) in changes.iter().enumerate() {
            match (&change.condition, &change.fields) {
                (None, _) => inserts.push(index),
                (Some(_), Some(_)) => updates.push(index),
                (Some(_), None) => deletes.push(index),
            }
        }
        let mut done = vec![false; changes.len()];
        let kinds: [(Kind, Vec<usize>); 3] = [
            (Kind::Insert, inserts),
            (Kind::Update, updates),
            (Kind::of_deletes(namespace, deletes.len()), deletes),
        ];
        for (kind, indexes) in kinds {
            if indexes.is_empty() {
                continue;
            }
            let changes: Vec<_> = indexes.iter().map(|index| changes[*index]).collect();
            let succeeded = self.execute(namespace, kind, &changes, token).await?;
            indexes.into_iter().zip(succeeded).for_each(|(index, is_done)| done[index] = is_done);
        }
        Ok(done)
    }

    /// Executes changes of one kind. After a conflict they are repeated: those that were executed are found by their token.
    async fn execute(
        &self,
        namespace: KvNamespace,
        kind: Kind,
        changes: &[&Change],
        token: ObjectId,
    ) -> Result<Vec<bool>, StoreError> {
        let collection = self.collections.name(namespace);
        let command = kind.command(&collection, changes, token);
        let mut attempt = 1;
        let Written { count, errors } = loop {
            let error = match self.client.write(command.clone()).await? {
                Ok(written) => match first_failure(&written.errors) {
                    None => break written,
                    Some(error) => error.clone(),
                },
                Err(error) => error,
            };
            if !error.is_conflict() || attempt == MAX_ATTEMPTS {
                return Err(error.into());
            }
            attempt += 1;
        };
        let is_first = attempt == 1;
        let mut done = vec![true; changes.len()];
        match kind {
            Kind::Insert if is_first => errors.iter().for_each(|(index, _)| done[*index] = false),
            _ if is_first && count == changes.len() => {}
            Kind::Delete if is_first && count == 0 => done.fill(false),
            // Somebody else may have removed those that are gone. For history entries and leases this makes no difference.
            Kind::Delete => {
                let left = self.keys_with(&collection, changes, doc! {}).await?;
                changes.iter().zip(&mut done).for_each(|(change, is_done)| {
                    *is_done = !left.contains(&change.key);
                });
            }
            Kind::Insert | Kind::Update | Kind::Remove => {
                let written =
                    self.keys_with(&collection, changes, doc! { "versions": token }).await?;
                changes.iter().zip(&mut done).for_each(|(change, is_done)| {
                    *is_done = written.contains(&change.key);
                });
            }
        }
        if let Kind::Remove = kind {
            let removed = changes.iter().zip(&done).filter(|(_, is_done)| **is_done);
            let keys = removed.map(|(change, _)| change.key.clone()).collect();
            self.delete_removed(keys).await?;
        }
        Ok(done)
    }

    /// Deletes the documents of jobs that are marked as removed.
    pub(crate) async fn delete_removed(&self, keys: Vec<String>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let filter = doc! { "_id": { "$in": keys }, "order": crate::layout::REMOVED };
        self.delete_many(KvNamespace::Job, filter).await
    }

    /// Deletes all documents that match the filter.
    pub(crate) async fn delete_many(
        &self,
        namespace: KvNamespace,
        filter: Document,
    ) -> Result<(), StoreError> {
        let command = doc! {
            "delete": self.collections.name(namespace),
            "deletes": [{ "q": filter, "limit": 0 }],
        };
        let written = self.client.write(command).await??;
        match first_failure(&written.errors) {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        }
    }

    /// The keys of these documents that also match the filter.
    async fn keys_with(
        &self,
        collection: &str,
        changes: &[&Change],
        mut filter: Document,
    ) -> Result<HashSet<String>, StoreError> {
        let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
        filter.insert("_id", doc! { "$in": keys });
        let search = Search { fields: doc! { "_id": 1 }, ..Search::new(filter) };
        let found = self.client.find(collection, search).await?;
        let key = |document: &mongodb::bson::RawDocumentBuf| {
            document.get_str("_id").map(str::to_owned).map_err(|_| unexpected())
        };
        found.documents.iter().map(key).collect()
    }

    /// Executes the changes by one command, which returns the result of each.
    async fn bulk_write(
        &self,
        namespace: KvNamespace,
        changes: &[&Change],
    ) -> Result<Vec<bool>, StoreError> {
        let database = self.client.database();
        let collection =
            Namespace { db: database.name().into(), coll: self.collections.name(namespace) };
        let models: Vec<WriteModel> =
            changes.iter().map(|change| model(&collection, change)).collect();
        let client = database.client();
        let write = client
            .bulk_write(models)
            .ordered(false)
            .write_concern(self.client.write_concern())
            .verbose_results();
        let results = match self.client.respond(write.into_future()).await? {
            Ok(results) => results,
            Err(error) => results_despite(error)?,
        };
        let is_done = |index: &usize| {
            results.insert_results.contains_key(index)
                || results.update_results.get(index).is_some_and(|one| one.matched_count == 1)
                || results.delete_results.get(index).is_some_and(|one| one.deleted_count == 1)
        };
        Ok((0..changes.len()).map(|index| is_done(&index)).collect())
    }
}

/// The kinds of changes.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Insert,
    Update,
    Delete,
    /// Marks jobs as removed, and then deletes them: the response to a deletion would not tell which of them somebody else
    /// has removed.
    Remove,
}

impl Kind {
    fn of_deletes(namespace: KvNamespace, count: usize) -> Self {
        if namespace == KvNamespace::Job && count > 1 { Self::Remove } else { Self::Delete }
    }

    fn command(self, collection: &str, changes: &[&Change], token: ObjectId) -> Document {
        let condition = |change: &Change| change.condition.clone().unwrap_or_default();
        let statement = |change: &&Change| match self {
            Self::Insert => change.document(),
            Self::Update => doc! { "q": condition(change), "u": change.update() },
            Self::Delete => doc! { "q": condition(change), "limit": 1 },
            Self::Remove => doc! { "q": condition(change), "u": Change::removal(token) },
        };
        let (name, statements) = match self {
            Self::Insert => ("insert", "documents"),
            Self::Update | Self::Remove => ("update", "updates"),
            Self::Delete => ("delete", "deletes"),
        };
        let list: Vec<Bson> = changes.iter().map(statement).map(Bson::Document).collect();
        doc! { name: collection, statements: list }
    }
}

/// The first error of a statement other than that its document exists.
fn first_failure(errors: &[(usize, ServerError)]) -> Option<&ServerError> {
    errors.iter().map(|(_, error)| error).find(|error| error.code != DUPLICATE_KEY)
}

fn model(collection: &Namespace, change: &Change) -> WriteModel {
    let collection = collection.clone();
    match (&change.condition, &change.fields) {
        (None, _) => {
            let document = change.document();
            InsertOneModel::builder().namespace(collection).document(document).build().into()
        }
        (Some(condition), Some(_)) => UpdateOneModel::builder()
            .namespace(collection)
            .filter(condition.clone())
            .update(change.update())
            .build()
            .into(),
        (Some(condition), None) => {
            DeleteOneModel::builder().namespace(collection).filter(condition.clone()).build().into()
        }
    }
}

/// The results of the other changes if the only errors are those of documents that exist.
fn results_despite(error: Error) -> Result<VerboseBulkWriteResult, StoreError> {
    let ErrorKind::BulkWrite(errors) = &*error.kind else { return Err(store_error(error)) };
    if let Some(failure) = errors.write_concern_errors.first() {
        return Err(ServerError { code: failure.code, message: failure.message.clone() }.into());
    }
    if let Some(failure) = errors.write_errors.values().find(|one| one.code != DUPLICATE_KEY) {
        return Err(ServerError { code: failure.code, message: failure.message.clone() }.into());
    }
    // An error of the command, or of the connection.
    let source =
        std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Error>());
    if let Some(source) = source {
        return Err(store_error(source.clone()));
    }
    match &errors.partial_result {
        Some(PartialBulkWriteResult::Verbose(results)) => Ok(results.clone()),
        _ => Ok(VerboseBulkWriteResult::default()),
    }
}
