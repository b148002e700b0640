//! The documents of the scripted peer, and the commands of a store on them.

use std::collections::BTreeMap;

use mongodb::bson::{Bson, Document, doc};

/// The documents by their collections and keys.
#[derive(Debug, Default)]
pub(crate) struct Documents(BTreeMap<String, BTreeMap<String, Document>>);

/// The value of a field, or of a field of a document in it: `header.record.task`.
fn field<'d>(document: &'d Document, path: &str) -> Option<&'d Bson> {
    match path.split_once('.') {
        Some((name, rest)) => field(document.get_document(name).ok()?, rest),
        None => document.get(path),
    }
}

/// Whether a document has all these values.
fn matches(document: &Document, filter: &Document) -> bool {
    filter.iter().all(|(path, value)| match value.as_document() {
        Some(condition) if condition.contains_key("$in") => {
            let values = condition.get_array("$in").expect("a list");
            field(document, path).is_some_and(|value| values.contains(value))
        }
        Some(condition) => condition.keys().next().is_some_and(|key| {
            // Stores check what they find, so that searches may find more.
            matches!(key.as_str(), "$lte" | "$gte" | "$elemMatch" | "$exists")
        }),
        None => field(document, path) == Some(value),
    })
}

impl Documents {
    /// Executes a command. Returns the response, and whether change streams tell of it.
    pub(crate) fn execute(&mut self, name: &str, command: &Document) -> (Document, bool) {
        let of = command.get_str(name).unwrap_or_default();
        match name {
            "find" => {
                let filter = command.get_document("filter").expect("a filter");
                let documents = self.0.entry(of.into()).or_default().values();
                let found = documents.filter(|document| matches(document, filter)).cloned();
                (cursor(None, "firstBatch", found.collect()), false)
            }
            "delete" => {
                let statements = command.get_array("deletes").expect("statements").clone();
                let mut count = 0;
                for statement in statements {
                    let filter = statement.as_document().expect("a statement").get_document("q");
                    count += self.delete(of, filter.expect("a filter"));
                }
                (doc! { "ok": 1, "n": count }, false)
            }
            "bulkWrite" => self.bulk_write(command),
            "createIndexes" => (doc! { "ok": 1 }, false),
            _ => {
                (doc! { "ok": 0, "code": 59, "errmsg": format!("no such command: {name}") }, false)
            }
        }
    }

    fn delete(&mut self, collection: &str, filter: &Document) -> i32 {
        let documents = self.0.entry(collection.into()).or_default();
        let before = documents.len();
        documents.retain(|_, document| !matches(document, filter));
        i32::try_from(before - documents.len()).expect("few documents")
    }

    fn bulk_write(&mut self, command: &Document) -> (Document, bool) {
        let array = |name| command.get_array(name).expect("a list").clone();
        let names = array("nsInfo");
        let (mut results, mut errors, mut is_told) = (Vec::new(), 0, false);
        for (index, operation) in array("ops").into_iter().enumerate() {
            let Bson::Document(operation) = operation else { panic!("an operation") };
            let (kind, number) = operation.iter().next().expect("an operation");
            let number = number.as_i32().expect("the number of a collection");
            let namespace = names[usize::try_from(number).expect("a number")].as_document();
            let name = namespace.expect("a collection").get_str("ns").expect("a name");
            let (_, collection) = name.split_once('.').expect("the name of a database");
            let index = i32::try_from(index).expect("few operations");
            let count = match kind.as_str() {
                "insert" => {
                    let document = operation.get_document("document").expect("a document").clone();
                    let key = document.get_str("_id").expect("a key").to_owned();
                    let documents = self.0.entry(collection.into()).or_default();
                    if documents.contains_key(&key) {
                        errors += 1;
                        let message = "the key exists";
                        results.push(
                            doc! { "ok": 0, "idx": index, "n": 0, "code": 11000, "errmsg": message },
                        );
                        continue;
                    }
                    is_told |= collection.ends_with("jobs");
                    documents.insert(key, document);
                    1
                }
                "update" => {
                    let set = operation.get_document("updateMods").expect("an update");
                    let filter = operation.get_document("filter").expect("a filter");
                    let count = self.update(collection, filter, set);
                    is_told |= count > 0
                        && set.get_document("$set").is_ok_and(|set| set.contains_key("told"));
                    count
                }
                _ => self.delete(collection, operation.get_document("filter").expect("a filter")),
            };
            results.push(doc! { "ok": 1, "idx": index, "n": count, "nModified": count });
        }
        let mut response = cursor(None, "firstBatch", results);
        response.extend(doc! {
            "nErrors": errors, "nInserted": 0, "nMatched": 0, "nModified": 0, "nUpserted": 0, "nDeleted": 0,
        });
        (response, is_told)
    }

    fn update(&mut self, collection: &str, filter: &Document, update: &Document) -> i32 {
        let documents = self.0.entry(collection.into()).or_default().values_mut();
        let mut count = 0;
        for document in documents.filter(|document| matches(document, filter)) {
            count += 1;
            if let Ok(fields) = update.get_document("$set") {
                document.extend(fields.clone());
            }
            for name in update.get_document("$unset").into_iter().flat_map(Document::keys) {
                document.remove(name);
            }
        }
        count
    }
}

/// The response to a command with a cursor; with the number of a change stream, and of its last event.
pub(crate) fn cursor(
    stream: Option<(usize, u64)>,
    batch: &str,
    documents: Vec<Document>,
) -> Document {
    let id = stream.map_or(0, |(id, _)| i64::try_from(id).expect("few streams"));
    let mut cursor = doc! { "id": id, "ns": "punctual.jobs", batch: documents };
    if let Some((_, seen)) = stream {
        cursor.insert("postBatchResumeToken", doc! { "_data": seen.to_string() });
    }
    doc! { "ok": 1, "cursor": cursor }
}
