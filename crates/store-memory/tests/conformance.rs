//! The conformance suite on the memory store.

mod fixture;

use fixture::InMemory;

punctual_testkit::job_store_suite!(memory, InMemory);
