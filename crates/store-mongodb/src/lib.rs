//! A MongoDB job store.
