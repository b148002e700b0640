//! A job store in a directory that processes of one machine can share: an example for implementors of job stores.
//!
//! The store requires only compare-and-swap of single values from the file system; the rest is the module
//! [`kv`](punctual_store_kit::kv) of the store kit. A store on any other storage with compare-and-swap differs only in
//! `files.rs` and `folder.rs`. `docs/contributing-a-store.md` describes the example step by step.

mod files;
mod folder;
mod store;

pub use store::FolderJobStore;
