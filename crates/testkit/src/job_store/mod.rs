//! The conformance suite of job stores: the contract of [`JobStore`] in executable form.
//!
//! A store is complete when it passes. Its crate has one fixture, which provides an empty storage location to each
//! case, and one macro call that generates a `#[test]` for each case:
//!
//! ```
//! use punctual_testkit::job_store::StoreFixture;
//! # use punctual_store_memory::MemoryJobStore;
//!
//! struct InMemory(MemoryJobStore);
//!
//! impl StoreFixture for InMemory {
//!     type Store = MemoryJobStore;
//!
//!     async fn set_up(_case: &'static str) -> Option<Self> {
//!         Some(Self(MemoryJobStore::new()))
//!     }
//!
//!     async fn open(&self) -> MemoryJobStore {
//!         self.0.clone()
//!     }
//! }
//!
//! punctual_testkit::job_store_suite!(memory, InMemory);
//! ```
//!
//! Cases of optional features, such as persistence or sharing, run only for stores whose
//! [`StoreCaps`](punctual_core::StoreCaps) declare them. No case sleeps or reads a clock: every instant is an argument.
//!
//! Two further methods of the fixture are optional: [`begin`](StoreFixture::begin) begins transactions for stores that
//! support transactions of the caller, and [`corrupt`](StoreFixture::corrupt) writes invalid values directly into the
//! backend.

pub(crate) mod builders;
mod case_context;
#[doc(hidden)]
pub mod cases;
#[doc(hidden)]
pub mod concurrent;
mod corruption;
mod fixture;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod requires;
mod run;
mod suite;
mod under_test;

#[doc(hidden)]
pub use case_context::CaseContext;
pub use corruption::Corruption;
pub use fixture::{OpenTransaction, StoreFixture};
#[doc(hidden)]
pub use run::run;

#[cfg(doc)]
use punctual_core::JobStore;
