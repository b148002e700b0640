//! Corrupt data, as `layout.rs` describes the documents.

use punctual_core::{JobId, RunId};
use punctual_testkit::job_store::Corruption;
use serde_json::{Value, json};

use crate::session::{Session, table};

/// The data of a store.
struct Data<'a> {
    session: &'a mut Session,
    database: &'a str,
}

impl Data<'_> {
    fn table(&self, name: &str) -> Value {
        table(self.database, &format!("punctual_{name}"))
    }

    /// Changes the header of a document.
    fn edit(&mut self, table: &str, key: &str, change: impl FnOnce(&mut Value)) {
        let document = json!([16, [self.table(table), key]]);
        let header = self.session.run(json!([170, [document, "header"]]));
        let mut header = serde_json::from_str(header.as_str().expect("a text")).expect("JSON");
        change(&mut header);
        let update = json!([53, [document, { "header": header.to_string() }]]);
        assert_eq!(self.session.run(update)["replaced"], 1);
    }

    fn set(&mut self, table: &str, key: &str, field: &str, value: impl Into<Value>) {
        let value = value.into();
        self.edit(table, key, |header| *header.pointer_mut(field).expect(field) = value);
    }

    fn set_of_job(&mut self, job: &JobId, field: &str, value: impl Into<Value>) {
        self.set("jobs", job.as_str(), &format!("/record/{field}"), value);
    }

    fn set_of_run(&mut self, job: &JobId, run: RunId, field: &str, value: impl Into<Value>) {
        let (value, run) = (value.into(), json!(run));
        self.edit("jobs", job.as_str(), |header| {
            let runs = header["runs"].as_array_mut().expect("runs");
            let run = runs.iter_mut().find(|one| one["run_id"] == run).expect("the run");
            run[field] = value;
        });
    }

    /// Replaces a document by one with another key, or its beginning if it is too long for the server.
    fn rename(&mut self, table: &str, old: &str, new: &str) {
        let table = self.table(table);
        let mut document = self.session.run(json!([16, [table, old]]));
        document["id"] = new.chars().take(100).collect::<String>().into();
        self.session.run(json!([54, [[16, [table, old]]]]));
        // Arrays in terms are operations, so the document is passed as a value.
        assert_eq!(self.session.run(json!([56, [table, [1, document]]]))["inserted"], 1);
    }

    /// The key of the history entry of a run.
    fn entry_of(&mut self, run: RunId) -> String {
        let all = json!([51, [self.table("history"), "array"]]);
        let all = self.session.run(all);
        let entry = all.as_array().expect("entries").iter().find(|document| {
            let header = document["header"].as_str().expect("a text");
            let header: Value = serde_json::from_str(header).expect("JSON");
            header["entry"]["run_id"] == json!(run)
        });
        entry.expect("the entry")["id"].as_str().expect("a key").to_owned()
    }
}

pub(crate) fn write(session: &mut Session, database: &str, corruption: Corruption) {
    let mut data = Data { session, database };
    match corruption {
        Corruption::Fence(id, value) => data.set_of_job(&id, "fence", value),
        Corruption::Revision(id, value) => data.set_of_job(&id, "revision", value),
        Corruption::FireCount(id, value) => data.set_of_job(&id, "fire_count", value),
        Corruption::Task(id, text) => data.set_of_job(&id, "task", text),
        Corruption::Id(id, text) => {
            data.set_of_job(&id, "id", text.as_str());
            data.rename("jobs", id.as_str(), &text);
        }
        Corruption::Attempt(id, run, value) => data.set_of_run(&id, run, "attempt", value),
        Corruption::RunFence(id, run, value) => data.set_of_run(&id, run, "fence", value),
        // The index then contains the node that it had before.
        Corruption::RunNode(id, run, text) => data.set_of_run(&id, run, "node", text),
        Corruption::Lease(node) => {
            data.set("shared", &format!("nodes:{node}"), "/until", "tomorrow")
        }
        Corruption::Key(old, new) => {
            let (old, key) = (format!("metadata:{old}"), format!("metadata:{new}"));
            data.set("shared", &old, "/key", new);
            data.rename("shared", &old, &key);
        }
        Corruption::Outcome(run, text) => {
            let entry = data.entry_of(run);
            data.set("history", &entry, "/entry/outcome", text);
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}
