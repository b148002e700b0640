//! The conformance suite on the store.

use std::fs;

use punctual_custom_store::FolderJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A separate directory for each case.
struct Folder(TempDir);

impl StoreFixture for Folder {
    type Store = FolderJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(tempfile::tempdir().expect("a folder")))
    }

    async fn open(&self) -> FolderJobStore {
        FolderJobStore::open_without_sync(self.0.path())
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        match corruption {
            Corruption::Fence(id, number) => self.job(id.as_str(), "/record/fence", number),
            Corruption::Revision(id, number) => self.job(id.as_str(), "/record/revision", number),
            Corruption::FireCount(id, number) => {
                self.job(id.as_str(), "/record/fire_count", number)
            }
            Corruption::Task(id, text) => self.job(id.as_str(), "/record/task", text),
            Corruption::Id(id, text) => self.job(id.as_str(), "/record/id", text),
            Corruption::Attempt(id, run, number) => {
                self.run(id.as_str(), &run.to_string(), "attempt", number)
            }
            Corruption::RunFence(id, run, number) => {
                self.run(id.as_str(), &run.to_string(), "fence", number)
            }
            Corruption::RunNode(id, run, text) => {
                self.run(id.as_str(), &run.to_string(), "node", text)
            }
            Corruption::Lease(node) => {
                self.edit("nodes", "/node", node.as_str(), |line| line["until"] = json!("tomorrow"))
            }
            Corruption::Key(key, other) => {
                self.edit("metadata", "/key", &key, |line| line["key"] = json!(other))
            }
            // The store has no history.
            _ => false,
        }
    }
}

impl Folder {
    fn job(&self, id: &str, pointer: &str, value: impl Into<Value>) -> bool {
        self.edit_job(id, |line| *line.pointer_mut(pointer).expect("that field") = value.into())
    }

    fn run(&self, id: &str, run: &str, field: &str, value: impl Into<Value>) -> bool {
        self.edit_job(id, |line| {
            let runs = line["runs"].as_array_mut().expect("runs");
            let run = runs.iter_mut().find(|own| own["run_id"] == run).expect("that run");
            run[field] = value.into();
        })
    }

    /// Edits the line of JSON in the file of the job with this id.
    fn edit_job(&self, id: &str, edit: impl FnOnce(&mut Value)) -> bool {
        self.edit("jobs", "/record/id", id, edit)
    }

    /// Edits the line of JSON in the file of this namespace that has this key.
    fn edit(&self, kind: &str, pointer: &str, key: &str, edit: impl FnOnce(&mut Value)) -> bool {
        for entry in fs::read_dir(self.0.path().join(kind)).expect("the files") {
            let file = entry.expect("a file").path().join("value");
            let bytes = fs::read(&file).expect("its content");
            let end = bytes.iter().position(|&byte| byte == b'\n').expect("a line");
            let mut line: Value = serde_json::from_slice(&bytes[..end]).expect("JSON");
            if line.pointer(pointer).is_some_and(|own| own == key) {
                edit(&mut line);
                return fs::write(file, [line.to_string().as_bytes(), &bytes[end..]].concat())
                    .is_ok();
            }
        }
        panic!("no entry has the key {key:?} in {kind}");
    }
}

punctual_testkit::job_store_suite!(folder, Folder);
