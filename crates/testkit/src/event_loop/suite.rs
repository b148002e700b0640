//! The list of all cases.

/// Generates a `#[test]` for each case of a loop and of the executor contract: `loop_suite!(name, Fixture)`.
///
/// `name` is the name of the generated module, `Fixture` is a [`LoopFixture`](crate::event_loop::LoopFixture); see
/// [`event_loop`](crate::event_loop) for an example.
#[macro_export]
macro_rules! loop_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;

            $crate::executor_suite!(executor, $crate::event_loop::OnLoop<$fixture>);
            $crate::loop_suite! { @cases $fixture;
                runs for all [
                    runs_execute_on_the_thread_of_the_loop
                    async_runs_wait_concurrently
                    ten_thousand_wakeups_from_other_threads
                    ten_thousand_runs_from_other_threads
                    panics_leave_the_loop_alive
                    runs_that_block_the_loop_are_reported
                ]
                shutdown for all [
                    a_run_shuts_down_with_runs_queued
                    a_shutdown_executes_queued_runs
                    runs_are_lost_when_the_loop_quits
                ]
            }
        }
    };
    (@cases $fixture:ty; $($group:ident for $requires:ident [$($case:ident)*])*) => {$(
        mod $group {
            use super::*;
            $(
                #[test]
                fn $case() {
                    <$fixture as $crate::event_loop::LoopFixture>::run_test(
                        concat!(module_path!(), "::", stringify!($case)),
                        $crate::event_loop::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
