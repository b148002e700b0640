//! What is true of SQL databases only: transactions of the caller's, names of tables, users with fewer rights.

mod client;
mod enqueue;
mod names;
mod read_only;
mod readers;
