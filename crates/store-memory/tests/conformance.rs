//! The conformance suite on the memory store.

use punctual_store_memory::MemoryJobStore;
use punctual_testkit::job_store::StoreFixture;

struct InMemory(MemoryJobStore);

impl StoreFixture for InMemory {
    type Store = MemoryJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(MemoryJobStore::new()))
    }

    async fn open(&self) -> MemoryJobStore {
        self.0.clone()
    }
}

punctual_testkit::job_store_suite!(memory, InMemory);
