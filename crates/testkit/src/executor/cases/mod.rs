//! The cases, grouped by the part of the contract that they check. `suite.rs` lists them.

pub mod black_box;
pub mod black_box_parallel;
pub mod in_process;
pub mod lifecycle;
pub mod outcomes;
pub mod parallel;
pub mod queue;
pub mod shutdown;
pub mod tokio_runtime;
pub mod tokio_tasks;
