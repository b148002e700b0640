//! The commands of a store. What the server of the other tests may lack (`bulkWrite`, change streams, failovers) is tested
//! on a peer in this process, which speaks MongoDB's wire protocol.

mod bulk_writes;
mod change_streams;
mod counts;
mod documents;
mod errors;
mod peer;
mod wire;
