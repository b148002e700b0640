//! The conformance suite of job stores: the contract of [`JobStore`] in executable form.
//!
//! A store is done when it passes. Its crate has one fixture, which says where a case keeps its jobs,
//! and one line that makes a `#[test]` of each case:
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
//! The cases of stores that outlive the process or are shared run only for stores whose
//! [`StoreCaps`](punctual_core::StoreCaps) say so. No case waits or reads a clock: every instant is an
//! argument.
//!
//! A fixture may have [more](StoreFixture::begin) than a place: a store that takes part in transactions of its
//! callers' begins some for the cases, and one whose backend others can write to lets them
//! [damage](StoreFixture::damage) it.

#[doc(hidden)]
pub mod cases;
#[doc(hidden)]
pub mod concurrent;
mod damage;
mod fixture;
mod handle;
mod kit;
#[doc(hidden)]
pub mod need;
#[doc(hidden)]
pub mod random;
mod run;
mod suite;
mod trial;

pub use damage::Damage;
pub use fixture::{OpenTransaction, StoreFixture};
#[doc(hidden)]
pub use run::run;
#[doc(hidden)]
pub use trial::Trial;

#[cfg(doc)]
use punctual_core::JobStore;
