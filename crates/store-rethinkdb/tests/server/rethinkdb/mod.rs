//! All tests of this program need the server, which is in their names.

mod access;
mod counts;
mod creation;
mod limits;
mod store;
mod watches;
