//! The executor suite: core's `DebugExecutor` passes, and executors that violate the contract fail.

mod broken;
mod prefetch;

use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::{Broken, BrokenExecutor, Fault};
use punctual_core::DebugExecutor;
use punctual_testkit::executor::{
    CaseContext, ExecutorCaps, ExecutorFixture, cases, requires, run,
};

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

/// An executor of a user, which has threads but no tokio runtime.
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

/// Whether a case fails because of the fault.
fn finds<const FAULT: Fault>(case: impl FnOnce(&CaseContext<Broken<FAULT>>)) -> bool {
    let run_case = || run::<Broken<FAULT>>("broken", requires::none, case);
    catch_unwind(AssertUnwindSafe(run_case)).is_err()
}

#[test]
fn an_executor_without_fault_passes() {
    use broken::NONE;
    assert!(!finds::<NONE>(cases::lifecycle::it_can_be_restarted));
    assert!(!finds::<NONE>(cases::shutdown::shutdown_waits_for_unfinished_runs));
    assert!(!finds::<NONE>(cases::queue::queued_runs_are_lost_after_the_timeout));
}

/// Uses only cases that detect the fault deterministically.
#[test]
fn each_fault_is_found() {
    use broken::*;
    assert!(finds::<ALWAYS_ACCEPTS>(cases::lifecycle::runs_are_refused_before_the_start));
    assert!(finds::<ALWAYS_ACCEPTS>(cases::lifecycle::runs_are_refused_after_a_shutdown));
    assert!(finds::<NEVER_WAITS>(cases::shutdown::shutdown_waits_for_unfinished_runs));
    assert!(finds::<IGNORES_LIMITS>(cases::queue::queued_runs_are_lost_after_the_timeout));
    assert!(finds::<NEVER_RESTARTS>(cases::lifecycle::it_can_be_restarted));
}
