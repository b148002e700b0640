//! The job-store suite: stores that violate the contract fail.

mod broken;

use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::{Broken, Fault};
use punctual_testkit::job_store::{CaseContext, cases, requires, run};

/// Whether a case fails because of the fault.
fn finds<const FAULT: Fault>(case: impl AsyncFnOnce(&CaseContext<Broken<FAULT>>)) -> bool {
    let run_case = || run::<Broken<FAULT>>("case", requires::none, case);
    catch_unwind(AssertUnwindSafe(run_case)).is_err()
}

#[test]
fn a_store_without_fault_passes() {
    assert!(!finds::<{ broken::NONE }>(cases::committing::an_outdated_fence_has_no_effect));
    assert!(!finds::<{ broken::NONE }>(
        cases::claiming::the_earliest_jobs_are_claimed_up_to_the_limit
    ));
}

#[test]
fn each_fault_is_found() {
    use broken::*;
    assert!(finds::<IGNORES_FENCES>(cases::committing::an_outdated_fence_has_no_effect));
    assert!(finds::<IGNORES_FENCES>(cases::updating::a_new_schedule_ends_a_claim));
    assert!(finds::<IGNORES_LIMITS>(
        cases::claiming::the_earliest_jobs_are_claimed_up_to_the_limit
    ));
    assert!(finds::<IGNORES_LIMITS>(cases::run_takeover::at_most_limit_runs_are_taken_over));
    assert!(finds::<IGNORES_FILTERS>(cases::claiming::only_tasks_in_the_filter_are_claimed));
    assert!(finds::<IGNORES_FILTERS>(cases::run_takeover::only_tasks_in_the_filter_are_taken_over));
    assert!(finds::<IGNORES_FILTERS>(cases::next_wakeup::only_tasks_in_the_filter_are_considered));
    assert!(finds::<TAKES_OVER_FROM_LIVE_NODES>(cases::run_takeover::runs_of_live_nodes_are_kept));
    assert!(finds::<IGNORES_LEASE_DURATIONS>(
        cases::claiming::a_claimed_job_is_not_due_before_the_expiry
    ));
    assert!(finds::<IGNORES_LEASE_DURATIONS>(cases::contention::each_due_job_is_claimed_once));
    assert!(finds::<REVERSES_LISTS>(cases::listing::jobs_are_sorted_by_run_time_and_id));
    assert!(finds::<REVERSES_LISTS>(cases::listing::pages_contain_the_complete_list));
    assert!(finds::<RETURNS_NO_HISTORY>(cases::history::every_outcome_is_stored));
    assert!(finds::<DECLARES_A_CLOCK>(cases::capabilities::the_clock_matches_the_caps));
    assert!(finds::<CLAIMS_FOR_ANOTHER_NODE>(
        cases::claim_takeover::claims_of_expired_nodes_are_released
    ));
    assert!(finds::<NEVER_RETURNS_HAS_MORE>(cases::claiming::has_more_is_set_while_more_is_due));
    assert!(finds::<DROPS_HISTORY_ENTRIES>(cases::history::entries_are_recorded_with_commits));
    assert!(finds::<REVERSES_OUTCOMES>(cases::adding::outcomes_are_in_batch_order));
    assert!(finds::<REVERSES_OUTCOMES>(cases::committing::outcomes_are_in_batch_order));
}
