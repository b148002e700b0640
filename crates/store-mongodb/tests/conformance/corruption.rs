//! Corrupt data, as `layout.rs` describes the documents.

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use punctual_testkit::job_store::Corruption;

use crate::Collections;

async fn set(
    collection: &Collection<Document>,
    filter: Document,
    field: &str,
    value: impl Into<Bson>,
) {
    let update = doc! { "$set": { field: value.into() } };
    let updated = collection.update_one(filter, update).await.expect("the update is accepted");
    assert_eq!(updated.matched_count, 1, "{field}");
}

/// Replaces the only document that matches by one with another key, and with this field changed, too.
async fn rename(collection: &Collection<Document>, old: &str, new: &str, field: &str) {
    let found = collection.find_one_and_delete(doc! { "_id": old }).await;
    let mut document = found.expect("the server responds").expect("the document");
    document.insert("_id", new);
    collection.insert_one(document).await.expect("the key is new");
    set(collection, doc! { "_id": new }, field, new).await;
}

pub(crate) async fn write(collections: &Collections, corruption: Corruption) {
    let jobs = collections.collection("jobs").await;
    let job = |id: &punctual_core::JobId| doc! { "_id": id.as_str() };
    let run = |id: &punctual_core::JobId, run: &punctual_core::RunId| {
        doc! { "_id": id.as_str(), "header.runs.run_id": run.to_string() }
    };
    match corruption {
        Corruption::Fence(id, value) => set(&jobs, job(&id), "header.record.fence", value).await,
        Corruption::Revision(id, value) => {
            set(&jobs, job(&id), "header.record.revision", value).await;
        }
        Corruption::FireCount(id, value) => {
            set(&jobs, job(&id), "header.record.fire_count", value).await;
        }
        Corruption::Task(id, text) => set(&jobs, job(&id), "header.record.task", text).await,
        Corruption::Id(id, text) => rename(&jobs, id.as_str(), &text, "header.record.id").await,
        Corruption::Attempt(id, of, value) => {
            set(&jobs, run(&id, &of), "header.runs.$.attempt", value).await;
        }
        Corruption::RunFence(id, of, value) => {
            set(&jobs, run(&id, &of), "header.runs.$.fence", value).await;
        }
        // The index then contains the node that it had before.
        Corruption::RunNode(id, of, text) => {
            set(&jobs, run(&id, &of), "header.runs.$.node", text).await;
        }
        Corruption::Lease(node) => {
            let nodes = collections.collection("nodes").await;
            set(&nodes, doc! { "_id": node.as_str() }, "header.until", "tomorrow").await;
        }
        Corruption::Key(old, new) => {
            rename(&collections.collection("metadata").await, &old, &new, "header.key").await;
        }
        Corruption::Outcome(run, text) => {
            let history = collections.collection("history").await;
            let filter = doc! { "header.entry.run_id": run.to_string() };
            set(&history, filter, "header.entry.outcome", text).await;
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}
