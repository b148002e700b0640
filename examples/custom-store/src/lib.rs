//! A job store in a folder of files, which processes of one machine may share: an example for those who write a
//! store of their own.
//!
//! All that it asks of the file system is compare-and-swap of one value; what becomes of a job is said by the
//! methods of [`StoredJob`](punctual_core::StoredJob). So a store on anything else that can compare and swap is
//! this one with another `cells.rs`. `docs/contributing-a-store.md` goes through it step by step.

mod cells;
mod contract;
mod record;
mod store;

pub use store::FolderJobStore;
