//! The list of all cases.

/// Generates a `#[test]` for each case of the executor contract: `executor_suite!(name, Fixture)`.
///
/// `name` is the name of the generated module, `Fixture` is an [`ExecutorFixture`](crate::executor::ExecutorFixture);
/// see [`executor`](crate::executor) for an example.
#[macro_export]
macro_rules! executor_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;
            $crate::executor_suite! { @cases $fixture;
                outcomes for none [
                    values_are_returned
                    numbers_are_transmitted_exactly
                    errors_are_returned
                    errors_keep_their_sources
                    an_error_that_panics_in_display_is_a_panic
                    serializable_errors_keep_their_type
                    a_panic_is_reported_with_its_message
                    invalid_arguments_are_reported
                    a_run_after_its_deadline_is_missed
                    a_run_at_its_deadline_is_started
                    a_run_cancelled_before_its_start_is_lost
                    the_context_is_passed_to_the_task
                    run_times_are_read_from_the_clock
                    ten_thousand_runs_are_reported_once_each
                ]
                in_process for in_process [
                    shared_state_is_passed_to_the_task
                    is_inside_run_is_set_during_a_run
                    failed_runs_drop_their_values
                ]
                lifecycle for workers [
                    runs_are_refused_before_the_start
                    runs_are_refused_after_a_shutdown
                    it_can_be_restarted
                    a_second_start_has_no_effect
                    a_second_shutdown_has_no_effect
                    workers_survive_panics
                ]
                shutdown for in_process_workers [
                    shutdown_waits_for_unfinished_runs
                    runs_are_cancelled_after_the_timeout
                    runs_that_finish_after_the_shutdown_are_reported
                    a_run_can_shut_down_its_executor
                    runs_of_a_dropped_executor_are_reported
                ]
                queue for in_process_queue [
                    submit_does_not_block
                    runs_start_in_submission_order
                    the_limit_of_async_runs_is_reached_but_not_exceeded
                    shutdown_waits_for_queued_runs
                    queued_runs_are_lost_after_the_timeout
                    a_run_queued_past_its_deadline_is_missed
                ]
                parallel for in_process_parallel [
                    the_concurrency_limit_is_reached_but_not_exceeded
                ]
                black_box for queue [
                    runs_start_in_submission_order
                    shutdown_waits_for_queued_runs
                    queued_runs_are_lost_after_the_timeout
                    runs_are_cancelled_after_the_timeout
                    a_run_queued_past_its_deadline_is_missed
                    runs_of_a_dropped_executor_are_reported
                ]
                black_box_parallel for parallel [
                    the_concurrency_limit_is_reached_but_not_exceeded
                    a_short_run_does_not_wait_for_a_long_one
                ]
                tokio_tasks for tokio [
                    async_tasks_can_use_tokio
                ]
                tokio_runtime for in_process_tokio [
                    async_tasks_can_use_timers
                    async_tasks_can_spawn
                    async_tasks_can_block_their_thread
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
                    $crate::executor::run::<$fixture>(
                        concat!(module_path!(), "::", stringify!($case)),
                        $crate::executor::requires::$requires,
                        $crate::executor::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
