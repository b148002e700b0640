//! What async tasks can rely on, wherever they are.

use crate::executor::order::Order;
use crate::executor::tasks::{spawning_async, timing_async};
use crate::executor::{ExecutorFixture, Trial};

pub fn async_tasks_have_tokio<F: ExecutorFixture>(trial: &Trial<F>) {
    for order in [Order::call(timing_async()), Order::call(spawning_async())] {
        let outcome = trial.outcome(order);
        assert!(outcome.is_success(), "{outcome}");
    }
}
