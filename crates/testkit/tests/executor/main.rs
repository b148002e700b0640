//! The executor suite: kept by core's `DebugExecutor`, and tried on itself:
//! executors that break the contract fail.

mod ahead;
mod broken;

use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::{Broken, BrokenExecutor, Fault};
use punctual_core::DebugExecutor;
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture, Trial, cases, need, run};

struct Debug;

impl ExecutorFixture for Debug {
    type Executor = DebugExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::INLINE;

    fn set_up() -> Self {
        Self
    }

    fn open(&self, _limit: Option<usize>) -> DebugExecutor {
        DebugExecutor
    }
}

punctual_testkit::executor_suite!(debug, Debug);

/// An executor as a user might write it, with threads and nothing else.
struct Own;

impl ExecutorFixture for Own {
    type Executor = BrokenExecutor<{ broken::NONE }>;

    const CAPS: ExecutorCaps = {
        let mut caps = ExecutorCaps::THREADS;
        caps.tokio = false;
        caps
    };

    fn set_up() -> Self {
        Self
    }

    fn open(&self, limit: Option<usize>) -> Self::Executor {
        Broken.open(limit.or(Some(10)))
    }
}

punctual_testkit::executor_suite!(own, Own);

/// Whether a case finds the fault.
fn finds<const FAULT: Fault>(case: impl FnOnce(&Trial<Broken<FAULT>>)) -> bool {
    let tried = || run::<Broken<FAULT>>(need::nothing, case);
    catch_unwind(AssertUnwindSafe(tried)).is_err()
}

#[test]
fn an_executor_without_fault_passes() {
    use broken::NONE;
    assert!(!finds::<NONE>(cases::lifecycle::it_starts_again));
    assert!(!finds::<NONE>(cases::shutdown::it_waits_for_a_run_under_way));
    assert!(!finds::<NONE>(cases::queue::shutdown_drops_what_has_not_begun));
}

/// By the cases that can't miss it: where a fault only makes something likely, a case may be lucky.
#[test]
fn each_fault_is_found() {
    use broken::*;
    assert!(finds::<TAKES_ALWAYS>(cases::lifecycle::it_refuses_runs_before_it_is_started));
    assert!(finds::<TAKES_ALWAYS>(cases::lifecycle::it_refuses_runs_after_a_shutdown));
    assert!(finds::<NEVER_WAITS>(cases::shutdown::it_waits_for_a_run_under_way));
    assert!(finds::<IGNORES_LIMITS>(cases::queue::shutdown_drops_what_has_not_begun));
    assert!(finds::<NEVER_RESTARTS>(cases::lifecycle::it_starts_again));
}
