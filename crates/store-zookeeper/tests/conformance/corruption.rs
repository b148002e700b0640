//! Corrupt data, as `layout.rs` describes the nodes.

use punctual_core::{JobId, RunId};
use punctual_testkit::job_store::Corruption;
use serde_json::{Value, json};

use crate::nodes::Nodes;

/// The name of the node of this directory whose name contains an id or a key.
async fn find(nodes: &Nodes, directory: &str, id: &str) -> String {
    let end = format!("/{}", encode(id));
    let names = nodes.below(directory).await;
    names.into_iter().find(|name| name.ends_with(&end)).expect("the node")
}

fn encode(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'_' | b':' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Changes the header of an entry: the last line of its data.
async fn edit(nodes: &Nodes, name: &str, change: impl FnOnce(&mut Value)) {
    let data = String::from_utf8(nodes.get(name).await.expect("the entry")).expect("UTF-8");
    let (line, header) = match data.split_once('\n') {
        Some((line, header)) => (format!("{line}\n"), header),
        None => (String::new(), data.as_str()),
    };
    let mut header: Value = serde_json::from_str(header).expect("JSON");
    change(&mut header);
    nodes.set(name, format!("{line}{header}").as_bytes()).await;
}

async fn set(nodes: &Nodes, name: &str, field: &str, value: impl Into<Value>) {
    let value = value.into();
    edit(nodes, name, |header| *header.pointer_mut(field).expect(field) = value).await;
}

async fn set_of_run(nodes: &Nodes, job: &JobId, run: RunId, field: &str, value: impl Into<Value>) {
    let (value, run) = (value.into(), json!(run));
    let set = |header: &mut Value| {
        let runs = header["runs"].as_array_mut().expect("runs");
        let run = runs.iter_mut().find(|one| one["run_id"] == run).expect("the run");
        run[field] = value;
    };
    edit(nodes, &find(nodes, "jobs", job.as_str()).await, set).await;
}

async fn rename(nodes: &Nodes, old: &str, new: &str) {
    let data = nodes.get(old).await.expect("the node");
    nodes.delete(old).await;
    nodes.create(new, &data).await;
}

pub(crate) async fn write(nodes: &Nodes, mut corruption: Corruption) {
    // No node has an empty name, so that another invalid text is written instead.
    if let Corruption::Id(_, text) | Corruption::Key(_, text) = &mut corruption
        && text.is_empty()
    {
        *text = "y".repeat(300);
    }
    let set_of_job = async |id: &JobId, field: &str, value: Value| {
        set(nodes, &find(nodes, "jobs", id.as_str()).await, field, value).await;
    };
    match corruption {
        Corruption::Fence(id, value) => set_of_job(&id, "/record/fence", value.into()).await,
        Corruption::Revision(id, value) => set_of_job(&id, "/record/revision", value.into()).await,
        Corruption::FireCount(id, value) => {
            set_of_job(&id, "/record/fire_count", value.into()).await;
        }
        Corruption::Task(id, text) => set_of_job(&id, "/record/task", text.into()).await,
        Corruption::Id(id, text) => {
            set_of_job(&id, "/record/id", text.as_str().into()).await;
            let old = find(nodes, "jobs", id.as_str()).await;
            // The bucket is found by the checksum of the id.
            let bucket = format!("{:02x}", crc32fast::hash(text.as_bytes()) & 0xff);
            rename(nodes, &old, &format!("jobs/{bucket}/{}", encode(&text))).await;
            let end = format!("~{}", encode(id.as_str()));
            for directory in ["due", "claimed", "owned"] {
                for name in nodes.below(directory).await {
                    if let Some(parts) = name.strip_suffix(&end) {
                        rename(nodes, &name, &format!("{parts}~{}", encode(&text))).await;
                    }
                }
            }
        }
        Corruption::Attempt(id, run, value) => {
            set_of_run(nodes, &id, run, "attempt", value).await;
        }
        Corruption::RunFence(id, run, value) => set_of_run(nodes, &id, run, "fence", value).await,
        // The index then contains the node that it had before.
        Corruption::RunNode(id, run, text) => set_of_run(nodes, &id, run, "node", text).await,
        Corruption::Lease(node) => {
            let name = find(nodes, "nodes", node.as_str()).await;
            set(nodes, &name, "/until", "tomorrow").await;
        }
        Corruption::Key(old, new) => {
            let name = find(nodes, "metadata", &old).await;
            set(nodes, &name, "/key", new.as_str()).await;
            rename(nodes, &name, &format!("metadata/{}", encode(&new))).await;
        }
        Corruption::Outcome(run, text) => {
            for name in nodes.below("history").await {
                if name.contains(&run.to_string()) {
                    set(nodes, &name, "/entry/outcome", text.as_str()).await;
                }
            }
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}
