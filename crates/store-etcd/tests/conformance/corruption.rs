//! Corrupt data, as `layout.rs` describes the keys and values.

use punctual_core::{JobId, RunId};
use punctual_testkit::job_store::Corruption;
use serde_json::{Value, json};

use crate::gateway::Gateway;

/// The data of a store.
struct Data<'a> {
    server: &'a Gateway,
    path: &'a str,
}

impl Data<'_> {
    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.path)
    }

    /// Changes the header of an entry.
    async fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let key = self.key(name);
        let mut header: Value =
            serde_json::from_str(&self.server.get(&key).await.expect("the entry")).expect("JSON");
        change(&mut header);
        self.server.put(&key, &header.to_string()).await;
    }

    async fn set(&self, name: &str, field: &str, value: impl Into<Value>) {
        let value = value.into();
        self.edit(name, |header| *header.pointer_mut(field).expect(field) = value).await;
    }

    async fn set_of_run(&self, job: &JobId, run: RunId, field: &str, value: impl Into<Value>) {
        let (value, run) = (value.into(), json!(run));
        let set = |header: &mut Value| {
            let runs = header["runs"].as_array_mut().expect("runs");
            let run = runs.iter_mut().find(|one| one["run_id"] == run).expect("the run");
            run[field] = value;
        };
        self.edit(&format!("jobs/{job}"), set).await;
    }

    async fn rename(&self, old: &str, new: &str) {
        let (old, new) = (self.key(old), self.key(new));
        let value = self.server.get(&old).await.expect("the entry");
        self.server.delete(&old).await;
        self.server.put(&new, &value).await;
    }
}

pub(crate) async fn write(server: &Gateway, path: &str, corruption: Corruption) {
    let data = Data { server, path };
    let job = |id: &JobId| format!("jobs/{id}");
    match corruption {
        Corruption::Fence(id, value) => data.set(&job(&id), "/record/fence", value).await,
        Corruption::Revision(id, value) => data.set(&job(&id), "/record/revision", value).await,
        Corruption::FireCount(id, value) => data.set(&job(&id), "/record/fire_count", value).await,
        Corruption::Task(id, text) => data.set(&job(&id), "/record/task", text).await,
        Corruption::Id(id, text) => {
            data.set(&job(&id), "/record/id", text.as_str()).await;
            for name in ["jobs", "definitions"] {
                data.rename(&format!("{name}/{id}"), &format!("{name}/{text}")).await;
            }
            for name in ["due", "claimed", "owned"] {
                for key in server.keys(&data.key(&format!("{name}/"))).await {
                    let name = key.strip_prefix(&data.key("")).expect("the path");
                    if let Some(parts) = name.strip_suffix(&format!("\x1f{id}")) {
                        data.rename(name, &format!("{parts}\x1f{text}")).await;
                    }
                }
            }
        }
        Corruption::Attempt(id, run, value) => data.set_of_run(&id, run, "attempt", value).await,
        Corruption::RunFence(id, run, value) => data.set_of_run(&id, run, "fence", value).await,
        // The index then contains the node that it had before.
        Corruption::RunNode(id, run, text) => data.set_of_run(&id, run, "node", text).await,
        Corruption::Lease(node) => data.set(&format!("nodes/{node}"), "/until", "tomorrow").await,
        Corruption::Key(old, new) => {
            data.set(&format!("metadata/{old}"), "/key", new.as_str()).await;
            data.rename(&format!("metadata/{old}"), &format!("metadata/{new}")).await;
        }
        Corruption::Outcome(run, text) => {
            for key in server.keys(&data.key("history/")).await {
                let header: Value =
                    serde_json::from_str(&server.get(&key).await.expect("the entry"))
                        .expect("JSON");
                if header["entry"]["run_id"] == json!(run) {
                    let name = key.strip_prefix(&data.key("")).expect("the path");
                    data.set(name, "/entry/outcome", text.as_str()).await;
                }
            }
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}
