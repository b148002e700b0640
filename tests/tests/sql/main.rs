//! Tests that concern SQL databases only: transactions of the caller, table names, users with restricted privileges.

mod client;
mod enqueue;
mod names;
mod read_only;
mod readers;
