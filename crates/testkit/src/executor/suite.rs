//! The list of cases.

/// Makes a `#[test]` of each case of the executor contract: `executor_suite!(name, Fixture)`.
///
/// `name` becomes a module, `Fixture` is an [`ExecutorFixture`](crate::executor::ExecutorFixture); see
/// [`executor`](crate::executor) for an example.
#[macro_export]
macro_rules! executor_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;
            $crate::executor_suite! { @cases $fixture;
                outcomes for nothing [
                    a_value_comes_back
                    numbers_go_there_and_back_to_the_last_bit
                    an_error_comes_back
                    an_error_comes_with_its_sources
                    an_error_that_can_not_be_shown_is_a_panic
                    an_error_that_can_be_read_comes_back_as_what_it_is
                    a_panic_is_an_outcome_with_its_text
                    arguments_of_another_shape_are_reported
                    a_run_after_its_deadline_is_missed
                    a_run_at_its_deadline_is_begun
                    a_run_cancelled_before_it_begins_is_lost
                    the_context_reaches_the_task
                    the_times_of_a_run_are_the_clocks
                    ten_thousand_runs_are_reported_once_each
                ]
                inside for memory [
                    shared_state_reaches_the_task
                    code_inside_a_run_can_tell
                    failing_runs_leave_nothing_behind
                ]
                lifecycle for workers [
                    it_refuses_runs_before_it_is_started
                    it_refuses_runs_after_a_shutdown
                    it_starts_again
                    starting_twice_is_harmless
                    shutting_down_twice_is_harmless
                    panics_cost_no_worker
                ]
                shutdown for watched_workers [
                    it_waits_for_a_run_under_way
                    it_asks_runs_to_end_when_time_is_up
                    a_run_that_outlives_it_still_reports
                    a_run_can_shut_its_executor_down
                    dropping_the_executor_loses_no_report
                ]
                queue for watched_queue [
                    submitting_never_waits
                    first_come_first_served
                    the_limit_is_reached_and_respected
                    shutdown_lets_the_queue_run_dry
                    shutdown_drops_what_has_not_begun
                    waiting_past_the_deadline_is_missed
                ]
                apart for queue [
                    first_come_first_served
                    the_limit_is_reached_and_respected
                    a_short_run_does_not_wait_for_a_long_one
                    shutdown_lets_the_queue_run_dry
                    shutdown_drops_what_has_not_begun
                    shutdown_asks_runs_to_end
                    waiting_past_the_deadline_is_missed
                    dropping_the_executor_loses_no_report
                ]
                anywhere for tokio_anywhere [
                    async_tasks_have_tokio
                ]
                runtime for tokio [
                    async_tasks_can_use_timers
                    async_tasks_can_spawn
                    async_tasks_can_block_their_thread
                ]
            }
        }
    };
    (@cases $fixture:ty; $($group:ident for $need:ident [$($case:ident)*])*) => {$(
        mod $group {
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::executor::run::<$fixture>(
                        $crate::executor::need::$need,
                        $crate::executor::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
