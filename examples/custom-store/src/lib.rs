//! A job store in a folder of files, which processes of one machine may share: an example for those who write a
//! store of their own.
//!
//! All that it asks of the file system is compare-and-swap of one value; the rest is
//! [`cells`](punctual_store_kit::cells) of the store kit. So a store on anything else that can compare and swap is
//! this one with another `folder.rs`. `docs/contributing-a-store.md` goes through it step by step.

mod files;
mod folder;
mod store;

pub use store::FolderJobStore;
