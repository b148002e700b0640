//! The list of all cases.

/// Generates a `#[test]` for each case of the job-store contract: `job_store_suite!(name, Fixture)`.
///
/// `name` is the name of the generated module, `Fixture` is a [`StoreFixture`](crate::job_store::StoreFixture); see
/// [`job_store`](crate::job_store) for an example.
#[macro_export]
macro_rules! job_store_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;
            $crate::job_store_suite! { @cases $fixture;
                lifecycle for none [
                    a_second_start_has_no_effect
                    a_second_shutdown_has_no_effect
                    data_is_kept_over_a_restart
                    a_new_store_is_empty
                ]
                capabilities for none [
                    caps_are_constant
                    limits_are_plausible
                    the_clock_matches_the_caps
                    notifications_match_the_caps
                    the_history_matches_the_caps
                    transactions_match_the_caps
                ]
                adding for none [
                    a_new_job_has_the_given_values
                    outcomes_are_in_batch_order
                    an_existing_job_is_not_modified
                    the_first_of_two_duplicates_is_added
                    a_large_batch_is_added_completely
                    each_job_of_a_batch_has_its_own_definition
                    a_removed_job_no_longer_exists
                    removals_are_reported_in_batch_order
                    a_large_batch_is_removed_completely
                    an_id_can_be_reused
                ]
                updating for none [
                    an_update_raises_revision_and_fence
                    definition_and_task_are_replaced_together
                    an_outdated_revision_is_a_conflict
                    an_unexpected_run_time_is_a_conflict
                    an_update_of_a_missing_job_is_not_found
                    a_job_is_paused_and_resumed
                    a_new_schedule_ends_a_claim
                    a_new_definition_keeps_a_claim
                    a_claimed_job_with_a_new_task_is_found
                    a_new_definition_makes_a_postponed_job_due
                    an_update_can_reschedule_a_claimed_job
                    an_update_keeps_counts_and_runs
                    an_update_can_set_the_fire_count
                    a_new_schedule_reactivates_a_finished_job
                    a_paused_job_can_be_updated
                ]
                listing for none [
                    jobs_are_sorted_by_run_time_and_id
                    ids_are_sorted_by_bytes
                    claims_do_not_change_the_order
                    finished_jobs_are_sorted_with_paused_jobs
                    pages_contain_the_complete_list
                    a_page_with_all_remaining_jobs_is_the_last
                    a_limit_of_0_returns_an_empty_page
                    a_cursor_of_a_removed_job_stays_valid
                ]
                claiming for none [
                    a_job_is_due_from_due_at_on
                    the_earliest_jobs_are_claimed_up_to_the_limit
                    jobs_are_claimed_in_order_of_due_at
                    a_claim_does_not_change_the_schedule
                    each_claim_of_a_fire_time_is_counted
                    a_claimed_job_is_not_due_before_the_expiry
                    has_more_is_set_while_more_is_due
                    expired_claims_are_ordered_by_due_at
                    only_tasks_in_the_filter_are_claimed
                    many_jobs_with_equal_due_at_are_claimed_once
                    instants_are_exact_in_any_year
                ]
                committing for none [
                    advance_sets_the_next_schedule
                    advance_records_the_started_runs
                    finish_removes_a_job_without_runs
                    a_finished_job_is_removed_with_its_last_run
                    an_earlier_run_keeps_a_finished_job
                    start_keeps_schedule_and_fire_count
                    start_raises_the_fence_and_ends_a_claim
                    a_start_can_be_repeated_while_its_runs_exist
                    clear_run_removes_one_run
                    clear_run_needs_no_claim
                    an_outdated_fence_has_no_effect
                    a_claim_is_settled_once
                    a_finishing_commit_can_be_repeated
                    settling_needs_a_claim
                    commits_for_a_removed_job_are_stale
                    an_expired_claim_can_be_settled
                    outcomes_are_in_batch_order
                    commits_for_one_job_are_applied_in_order
                    a_repeated_batch_has_the_same_outcome
                    a_recorded_run_is_not_modified
                    a_large_batch_is_applied_completely
                ]
                postponing for none [
                    postpone_changes_only_due_at
                    a_postponed_claim_is_not_counted
                    postpone_is_limited_to_the_run_time
                    bring_forward_sets_an_earlier_due_at
                    bring_forward_does_not_change_a_claim
                    bring_forward_needs_the_fence_of_the_record
                ]
                retrying for none [
                    a_retry_records_the_next_attempt
                    a_retry_can_be_repeated_while_it_is_recorded
                    a_retry_needs_the_fence_of_its_run
                    a_retry_by_the_previous_owner_is_stale
                ]
                run_takeover for none [
                    renew_returns_whether_the_lease_had_expired
                    renew_returns_whether_runs_are_orphaned
                    runs_of_live_nodes_are_kept
                    runs_of_expired_nodes_are_taken_over
                    runs_of_unknown_nodes_are_taken_over
                    commits_of_the_previous_owner_are_stale
                    a_renewal_after_the_takeover_is_expired
                    each_takeover_raises_fence_and_attempt
                    a_lease_in_the_past_is_expired
                    a_restarted_node_takes_over_its_own_runs
                    a_restarted_node_takes_over_only_its_own_runs
                    a_node_takes_over_its_own_runs_except_those_it_knows
                    a_late_call_takes_over_nothing_of_the_caller
                    at_most_limit_runs_are_taken_over
                    only_tasks_in_the_filter_are_taken_over
                    runs_of_finished_jobs_are_taken_over
                    a_takeover_does_not_change_the_job
                ]
                claim_takeover for none [
                    claims_of_expired_nodes_are_released
                    a_commit_of_a_released_claim_is_stale
                    a_renewal_after_the_release_is_expired
                    renew_returns_whether_claims_are_orphaned
                    claims_of_live_nodes_are_kept
                    a_restarted_node_releases_its_own_claims
                    released_claims_are_counted
                    at_most_limit_claims_are_released
                    only_tasks_in_the_filter_are_released
                    runs_and_claims_of_one_job_are_taken_over
                ]
                next_wakeup for none [
                    it_is_the_earliest_due_at
                    a_claimed_job_is_due_when_its_claim_expires
                    a_claim_of_zero_duration_leaves_the_job_due
                    only_tasks_in_the_filter_are_considered
                    renew_returns_the_next_wakeup
                    renew_returns_the_server_time
                ]
                metadata for none [
                    a_value_is_kept_until_it_is_replaced
                    keys_are_compared_by_bytes
                    long_values_are_not_truncated
                    values_persist_after_the_removal_of_jobs
                ]
                corruption for none [
                    other_jobs_are_not_affected
                    corrupt_jobs_do_not_hide_due_jobs
                    the_list_continues_after_corrupt_jobs
                    jobs_with_an_invalid_id_can_be_listed
                    other_runs_are_taken_over
                    corrupt_runs_do_not_hide_other_runs
                    a_node_with_a_corrupt_lease_is_expired
                    other_values_are_returned
                    other_entries_are_returned
                ]
                contention for none [
                    each_due_job_is_claimed_once
                    each_fire_time_is_claimed_and_committed_once
                    one_update_per_revision_succeeds
                    one_start_per_fence_succeeds
                    one_add_per_id_succeeds
                    each_orphaned_run_is_taken_over_once
                    a_node_keeps_its_runs_or_renews_as_expired
                    jobs_are_read_atomically
                ]
                values for none [
                    special_characters_are_kept
                    ids_of_maximum_length_are_distinct
                    similar_names_are_distinct
                    definitions_are_stored_unchanged
                    definitions_of_maximum_size_are_stored
                    large_definitions_are_added_in_one_batch
                    maximum_counts_are_stored
                ]
                concurrent for none [
                    histories_are_linearizable
                ]
                random for none [
                    the_store_behaves_like_the_model
                ]
                transactions for transactions [
                    added_jobs_are_visible_after_the_commit
                    a_rollback_undoes_all_changes
                    a_transaction_reads_its_own_changes
                    an_outdated_revision_is_a_conflict
                    existing_metadata_is_not_replaced
                    a_transaction_of_another_type_is_invalid
                ]
                history for history [
                    a_new_history_is_empty
                    an_entry_has_the_given_values
                    every_outcome_is_stored
                    long_errors_are_not_truncated
                    ties_are_sorted_by_run_and_attempt
                    queries_filter_entries
                    pages_contain_the_complete_history
                    entries_are_recorded_with_commits
                    a_repeated_entry_is_not_modified
                    several_stores_share_the_history
                    entries_persist_after_the_removal_of_jobs
                    a_large_batch_is_recorded_completely
                    the_oldest_entries_are_deleted_first
                    the_newest_entries_of_each_job_are_kept
                    the_newest_entries_of_many_jobs_are_kept
                ]
                persistence for persistent [
                    all_data_is_kept_after_reopening
                    a_claim_is_kept_over_a_restart
                ]
                multi_process for shared [
                    changes_are_visible_to_the_other_store
                    metadata_is_visible_to_the_other_store
                    a_claim_excludes_the_other_store
                    orphaned_runs_are_taken_over_by_another_store
                    concurrent_claims_are_disjoint
                    many_stores_can_start_concurrently
                ]
                notifications for notify [
                    changes_by_another_store_are_notified
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
                    $crate::job_store::run::<$fixture>(
                        concat!(stringify!($group), "_", stringify!($case)),
                        $crate::job_store::requires::$requires,
                        $crate::job_store::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
