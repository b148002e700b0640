//! The list of cases.

/// Makes a `#[test]` of each case of the job-store contract: `job_store_suite!(name, Fixture)`.
///
/// `name` becomes a module, `Fixture` is a [`StoreFixture`](crate::job_store::StoreFixture); see
/// [`job_store`](crate::job_store) for an example.
#[macro_export]
macro_rules! job_store_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;
            $crate::job_store_suite! { @cases $fixture;
                starting for nothing [
                    starting_twice_is_harmless
                    shutting_down_twice_is_harmless
                    it_starts_again_with_its_jobs
                    a_new_store_has_nothing
                ]
                promising for nothing [
                    it_promises_the_same_before_and_after_its_start
                    its_limits_make_sense
                    it_has_a_clock_or_none
                    it_watches_or_does_not
                    it_has_a_history_or_says_so
                    it_takes_transactions_or_says_so
                ]
                adding for nothing [
                    a_new_job_is_as_it_was_given
                    a_batch_is_answered_in_its_order
                    a_job_that_exists_is_left_as_it_is
                    of_two_in_one_batch_the_first_counts
                    a_large_batch_is_added_whole
                    each_of_a_batch_has_its_own_definition
                    a_removed_job_is_gone
                    removing_is_answered_in_its_order
                    a_large_batch_is_removed_whole
                    an_id_can_be_used_again
                ]
                changing for nothing [
                    an_update_raises_revision_and_fence
                    a_definition_changes_with_its_task
                    an_update_of_an_old_revision_is_a_conflict
                    a_schedule_that_follows_from_a_run_since_is_a_conflict
                    an_update_of_no_job_is_not_found
                    a_job_is_paused_and_resumed
                    an_update_ends_a_claim
                    an_update_can_reschedule_a_claimed_job
                    an_update_leaves_counts_and_runs
                    an_update_can_count_fires_anew
                    a_finished_job_with_a_schedule_is_finished_no_more
                    a_paused_job_can_be_changed
                ]
                listing for nothing [
                    soonest_first_ties_by_id_paused_last
                    ids_sort_by_their_bytes
                    the_list_goes_by_run_time_not_by_claims
                    finished_jobs_stand_with_the_paused
                    pages_join_to_the_whole_list
                    a_page_that_takes_all_is_the_last
                    a_limit_of_nothing_gives_nothing
                    a_cursor_outlives_its_job
                ]
                claiming for nothing [
                    a_job_is_due_from_its_instant_on
                    soonest_first_up_to_the_limit
                    the_order_is_that_of_due_at
                    a_claim_leaves_the_schedule_as_it_is
                    each_claim_of_an_occurrence_is_counted
                    a_lease_hides_until_it_ends
                    it_says_whether_more_is_due
                    expired_claims_stand_with_the_due
                    the_filter_leaves_others_their_jobs
                    many_due_at_once_are_each_claimed_once
                    instants_are_exact_in_any_year
                ]
                committing for nothing [
                    advancing_gives_the_next_schedule
                    advancing_records_the_runs_that_start
                    finishing_removes_a_job_without_runs
                    a_finished_job_leaves_with_its_last_run
                    an_earlier_run_keeps_a_finished_job
                    starting_leaves_schedule_and_count
                    starting_raises_the_fence_and_ends_a_claim
                    a_start_can_be_repeated_while_its_runs_are_there
                    clearing_forgets_one_run
                    clearing_needs_no_claim
                    an_old_fence_changes_nothing
                    a_claim_is_settled_once
                    a_finished_job_is_settled_too
                    without_a_claim_there_is_nothing_to_settle
                    a_removed_job_can_not_be_committed
                    an_expired_claim_is_settled_if_nobody_came
                    a_batch_is_answered_in_its_order
                    commits_for_one_job_are_carried_out_in_order
                    a_repeated_batch_has_the_same_outcome
                    a_recorded_run_stays_as_it_is
                    a_large_batch_is_carried_out_whole
                ]
                postponing for nothing [
                    postponing_moves_only_the_due_instant
                    a_postponed_claim_is_not_counted
                    postponing_is_not_to_before_its_time
                    hastening_makes_due_what_would_be_due_later
                    hastening_leaves_a_claim_as_it_is
                    hastening_needs_the_fence_of_the_record
                ]
                retrying for nothing [
                    a_retried_run_is_another_attempt
                    a_retry_can_be_repeated_while_it_is_recorded
                    a_retry_needs_the_fence_of_its_run
                    whoever_lost_a_run_can_not_retry_it
                ]
                recovering for nothing [
                    renewing_tells_whether_the_lease_had_expired
                    renewing_tells_whether_the_dead_left_runs_behind
                    the_living_keep_their_runs
                    the_dead_lose_their_runs
                    nodes_that_never_renewed_are_dead
                    the_old_owner_can_finish_nothing
                    a_renewal_that_comes_too_late_is_told_so
                    each_owner_has_a_larger_fence_and_attempt
                    renewing_with_a_past_instant_gives_runs_away
                    a_node_gets_hold_of_what_it_left_behind
                    only_so_many_are_taken_over
                    the_filter_leaves_others_their_runs
                    runs_of_finished_jobs_are_taken_over_too
                    taking_over_leaves_the_job_as_it_is
                ]
                releasing for nothing [
                    claims_of_the_dead_are_released
                    a_late_commit_of_the_dead_is_stale
                    a_node_that_lost_a_claim_is_told
                    renewing_tells_whether_the_dead_hold_claims
                    a_claim_holds_while_its_node_lives
                    a_claim_is_released_for_the_node_that_comes_back
                    what_kills_its_nodes_is_counted
                    only_so_many_are_released
                    the_filter_leaves_others_their_claims
                    runs_and_claims_of_one_job_are_both_taken
                ]
                waking for nothing [
                    it_is_the_earliest_due_instant
                    a_claimed_job_wakes_when_its_lease_ends
                    a_claim_that_expires_at_once_leaves_it_due
                    the_filter_counts
                    whoever_renews_is_told
                    whoever_renews_is_told_the_time
                ]
                keeping for nothing [
                    a_value_stays_until_it_is_replaced
                    keys_are_found_by_their_bytes
                    long_values_are_kept_whole
                    values_outlive_the_jobs
                ]
                corruption for nothing [
                    other_jobs_go_on
                    many_do_not_hide_what_is_due
                    the_list_goes_on_behind_them
                    jobs_without_an_id_can_be_listed
                    other_runs_are_taken_over
                    many_do_not_hide_what_is_left
                    a_node_whose_lease_is_none_is_dead
                    other_values_are_read
                    other_entries_are_read
                ]
                racing for nothing [
                    each_due_job_goes_to_one_claimer
                    claims_and_commits_run_each_occurrence_once
                    one_update_wins_per_revision
                    one_start_wins_per_fence
                    one_adder_wins_per_id
                    each_orphan_goes_to_one_heir
                    a_node_keeps_its_runs_or_is_told
                    records_are_seen_whole
                ]
                values for nothing [
                    odd_names_are_kept
                    ids_of_full_length_are_kept_apart
                    names_that_look_alike_are_different
                    definitions_are_kept_byte_for_byte
                    definitions_of_full_size_are_kept
                    large_definitions_go_in_one_batch
                    counts_of_any_size_are_kept
                ]
                concurrent for nothing [
                    some_order_explains_all_answers
                ]
                random for nothing [
                    the_store_does_as_the_model
                ]
                transacting for transactions [
                    what_is_added_is_seen_after_the_commit
                    what_is_rolled_back_never_was
                    it_sees_what_it_has_done
                    an_update_of_an_old_revision_is_a_conflict
                    metadata_that_is_there_stays
                    one_of_another_kind_is_refused
                ]
                remembering for history [
                    it_is_empty_at_first
                    an_entry_is_as_it_was_given
                    every_outcome_is_kept
                    long_errors_are_kept_whole
                    ties_go_by_run_and_attempt
                    queries_select
                    pages_join_to_the_whole_history
                    entries_come_with_commits
                    a_repeated_entry_stays_as_it_is
                    others_read_it_and_add_to_it
                    it_outlives_the_jobs
                    a_large_batch_is_recorded_whole
                    the_oldest_are_forgotten_first
                    of_each_job_the_newest_stay
                ]
                persisting for persistent [
                    everything_is_there_after_reopening
                    a_claim_lasts_over_a_restart
                ]
                sharing for shared [
                    what_one_does_the_other_sees
                    what_one_sets_the_other_reads
                    a_claim_holds_against_the_other
                    runs_go_from_the_dead_to_the_living
                    two_that_race_share_the_due_jobs
                    many_start_at_once
                ]
                watching for notify [
                    a_change_by_another_is_told
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
                    $crate::job_store::run::<$fixture>(
                        concat!(stringify!($group), "_", stringify!($case)),
                        $crate::job_store::need::$need,
                        $crate::job_store::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
