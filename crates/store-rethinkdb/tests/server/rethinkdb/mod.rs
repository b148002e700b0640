//! All tests of this program need the server, which is in their names.

mod access;
mod counts;
mod creation;
mod database;
mod limits;
mod watches;
