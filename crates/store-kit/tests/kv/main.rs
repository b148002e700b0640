//! The conformance suite on an in-memory key-value store, without an index and with one.

mod additional;
mod index;
mod memory_store;

use std::sync::Arc;

use punctual_core::JobId;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use serde_json::Value;

use memory_store::{Content, MemoryStore, SharedStorage, Storage};

/// A separate store for each case.
struct Fixture<const INDEXED: bool>(SharedStorage);

impl<const INDEXED: bool> StoreFixture for Fixture<INDEXED> {
    type Store = MemoryStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(Arc::new(Storage { indexed: INDEXED, ..Storage::default() })))
    }

    async fn open(&self) -> MemoryStore {
        MemoryStore::on(&self.0)
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        let content = &mut *self.0.content();
        match corruption {
            Corruption::Fence(id, number) => job(content, &id, "/record/fence", number),
            Corruption::Revision(id, number) => job(content, &id, "/record/revision", number),
            Corruption::FireCount(id, number) => job(content, &id, "/record/fire_count", number),
            Corruption::Task(id, text) => job(content, &id, "/record/task", text),
            Corruption::Id(id, text) => {
                job(content, &id, "/record/id", text.clone());
                content.rename("jobs", id.as_str(), &text);
            }
            Corruption::Attempt(id, run, number) => {
                run_of(content, &id, &run.to_string(), "attempt", number);
            }
            Corruption::RunFence(id, run, number) => {
                run_of(content, &id, &run.to_string(), "fence", number);
            }
            Corruption::RunNode(id, run, text) => {
                run_of(content, &id, &run.to_string(), "node", text)
            }
            Corruption::Lease(node) => {
                content.edit("nodes", node.as_str(), |header| header["until"] = "tomorrow".into());
            }
            Corruption::Key(key, other) => {
                content.edit("metadata", &key, |header| header["key"] = other.as_str().into());
                content.rename("metadata", &key, &other);
            }
            Corruption::Outcome(run, text) => {
                let key = content.key_containing("history", &run.to_string());
                content.edit("history", &key, |header| {
                    header["entry"]["outcome"] = text.into();
                });
            }
            _ => return false,
        }
        true
    }
}

fn job(content: &mut Content, id: &JobId, pointer: &str, value: impl Into<Value>) {
    content.edit("jobs", id.as_str(), |header| {
        *header.pointer_mut(pointer).expect("that field") = value.into()
    });
}

fn run_of(content: &mut Content, id: &JobId, run: &str, field: &str, value: impl Into<Value>) {
    content.edit("jobs", id.as_str(), |header| {
        let runs = header["runs"].as_array_mut().expect("runs");
        let run = runs.iter_mut().find(|other| other["run_id"] == run).expect("that run");
        run[field] = value.into();
    });
}

type Plain = Fixture<false>;
punctual_testkit::job_store_suite!(plain, Plain);

type Indexed = Fixture<true>;
punctual_testkit::job_store_suite!(indexed, Indexed);
