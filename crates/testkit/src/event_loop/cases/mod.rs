//! The cases, grouped by subject. `suite.rs` lists them.

pub mod runs;
pub mod shutdown;

use std::sync::Arc;

use punctual_core::Executor;

use super::{LoopFixture, LoopOptions, LoopThread};

/// A running loop with a started executor.
fn open<F: LoopFixture>(options: LoopOptions) -> Arc<LoopThread<F::Executor>> {
    let opened = F::open(options);
    opened.start().expect("the executor starts");
    Arc::new(opened)
}
