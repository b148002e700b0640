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
                adding for nothing [
                    a_new_job_is_as_it_was_given
                    a_batch_is_answered_in_its_order
                    a_job_that_exists_is_left_as_it_is
                    of_two_in_one_batch_the_first_counts
                    a_large_batch_is_added_whole
                    each_of_a_batch_has_its_own_definition
                    a_removed_job_is_gone
                    removing_all_leaves_nothing
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
                    a_claim_carries_the_record_as_it_was
                    a_lease_hides_until_it_ends
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
                    postponing_moves_only_the_due_instant
                    postponing_gives_no_schedule_to_a_job_without
                    starting_leaves_schedule_and_count
                    starting_raises_the_fence_and_ends_a_claim
                    clearing_forgets_one_run
                    clearing_needs_no_claim
                    an_old_fence_changes_nothing
                    a_removed_job_can_not_be_committed
                    a_lapsed_lease_still_commits_if_nobody_came
                    a_batch_is_answered_in_its_order
                    commits_for_one_job_are_carried_out_in_order
                    a_repeated_batch_has_the_same_outcome
                    a_recorded_run_stays_as_it_is
                    advancing_a_finished_job_brings_it_back
                    a_large_batch_is_carried_out_whole
                ]
                recovering for nothing [
                    renewing_tells_whether_the_lease_had_lapsed
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
                waking for nothing [
                    it_is_the_earliest_due_instant
                    a_claimed_job_wakes_when_its_lease_ends
                    the_filter_counts
                    whoever_renews_is_told
                    whoever_renews_is_told_the_time
                ]
                noting for nothing [
                    a_note_stays_until_it_is_replaced
                    long_notes_are_kept_whole
                    notes_outlive_the_jobs
                ]
                racing for nothing [
                    each_due_job_goes_to_one_claimer
                    claims_and_commits_run_each_occurrence_once
                    one_update_wins_per_revision
                    one_start_wins_per_fence
                    one_adder_wins_per_id
                    each_orphan_goes_to_one_heir
                    a_node_keeps_its_runs_or_is_told
                ]
                values for nothing [
                    odd_names_are_kept
                    ids_of_full_length_are_kept_apart
                    names_that_look_alike_are_different
                    definitions_are_kept_byte_for_byte
                    large_definitions_go_in_one_batch
                ]
                remembering for history [
                    the_store_says_that_it_has_one
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
                    what_one_notes_the_other_reads
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
