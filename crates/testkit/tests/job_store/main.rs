//! The job-store suite tried on itself: stores that break the contract fail.

mod broken;

use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::{Broken, Fault};
use punctual_testkit::job_store::{Trial, cases, need, run};

/// Whether a case finds the fault.
fn finds<const FAULT: Fault>(case: impl AsyncFnOnce(&Trial<Broken<FAULT>>)) -> bool {
    let tried = || run::<Broken<FAULT>>("case", need::nothing, case);
    catch_unwind(AssertUnwindSafe(tried)).is_err()
}

#[test]
fn a_store_without_fault_passes() {
    assert!(!finds::<{ broken::NONE }>(cases::committing::an_old_fence_changes_nothing));
    assert!(!finds::<{ broken::NONE }>(cases::claiming::soonest_first_up_to_the_limit));
}

#[test]
fn each_fault_is_found() {
    use broken::*;
    assert!(finds::<IGNORES_FENCES>(cases::committing::an_old_fence_changes_nothing));
    assert!(finds::<IGNORES_FENCES>(cases::changing::an_update_ends_a_claim));
    assert!(finds::<IGNORES_LIMITS>(cases::claiming::soonest_first_up_to_the_limit));
    assert!(finds::<IGNORES_LIMITS>(cases::recovering::only_so_many_are_taken_over));
    assert!(finds::<IGNORES_FILTERS>(cases::claiming::the_filter_leaves_others_their_jobs));
    assert!(finds::<IGNORES_FILTERS>(cases::recovering::the_filter_leaves_others_their_runs));
    assert!(finds::<IGNORES_FILTERS>(cases::waking::the_filter_counts));
    assert!(finds::<ROBS_THE_LIVING>(cases::recovering::the_living_keep_their_runs));
    assert!(finds::<CLAIMS_BRIEFLY>(cases::claiming::a_lease_hides_until_it_ends));
    assert!(finds::<CLAIMS_BRIEFLY>(cases::racing::each_due_job_goes_to_one_claimer));
    assert!(finds::<LISTS_BACKWARDS>(cases::listing::soonest_first_ties_by_id_paused_last));
    assert!(finds::<LISTS_BACKWARDS>(cases::listing::pages_join_to_the_whole_list));
    assert!(finds::<KEEPS_NO_HISTORY>(cases::remembering::every_outcome_is_kept));
    assert!(finds::<CLAIMS_TO_HAVE_A_CLOCK>(cases::promising::it_has_a_clock_or_none));
    assert!(finds::<CLAIMS_FOR_ANOTHER>(cases::releasing::claims_of_the_dead_are_released));
    assert!(finds::<NEVER_SAYS_MORE>(cases::claiming::it_says_whether_more_is_due));
    assert!(finds::<FORGETS_TO_RECORD>(cases::remembering::entries_come_with_commits));
    assert!(finds::<ANSWERS_BACKWARDS>(cases::adding::a_batch_is_answered_in_its_order));
    assert!(finds::<ANSWERS_BACKWARDS>(cases::committing::a_batch_is_answered_in_its_order));
}
