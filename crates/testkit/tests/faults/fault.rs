//! What can be wrong with a store.

/// One thing that is wrong with a store that otherwise does as the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // What operations do, one after the other.
    SettlesAgainWhileTheFenceIsTheSame,
    TakesRunsOverWithTheirFence,
    AnExpiredClaimIsNotLost,
    ClaimsAreNotCounted,
    APostponedClaimCounts,
    APostponedJobIsDueBeforeItsTime,
    AReleasedJobIsDueAtItsRunTime,
    AReleaseKeepsTheFence,
    AnUpdateKeepsTheClaim,
    AnUpdateLosesNoClaim,
    TheLeaseOfTheRobbedIsNotRevoked,
    UnknownNodesAreAlive,
    ARepeatedEntryReplacesTheFirst,
    ClearingIgnoresTheFence,
    RetryingTakesAnyFence,
    AStartKeepsTheFence,
    HasteningMovesClaimedJobs,
    AdvancingKeepsTheCountOfClaims,
    FinishedJobsStay,
    ClaimsOneMoreThanAsked,
    NeverSaysMore,
    RenewalsIgnoreTheFilter,
    // What operations do at the same time.
    ClaimsWhatWasDueAMomentAgo,
    UpdatesWhatHadTheRevisionAMomentAgo,
    WritesBackWhatItReadAMomentAgo,
    RecordsAndRunsAreReadOneAfterTheOther,
    StartsWhatHadTheFenceAMomentAgo,
}

impl Fault {
    pub(crate) const OF_SEQUENCES: [Self; 22] = [
        Self::SettlesAgainWhileTheFenceIsTheSame,
        Self::TakesRunsOverWithTheirFence,
        Self::AnExpiredClaimIsNotLost,
        Self::ClaimsAreNotCounted,
        Self::APostponedClaimCounts,
        Self::APostponedJobIsDueBeforeItsTime,
        Self::AReleasedJobIsDueAtItsRunTime,
        Self::AReleaseKeepsTheFence,
        Self::AnUpdateKeepsTheClaim,
        Self::AnUpdateLosesNoClaim,
        Self::TheLeaseOfTheRobbedIsNotRevoked,
        Self::UnknownNodesAreAlive,
        Self::ARepeatedEntryReplacesTheFirst,
        Self::ClearingIgnoresTheFence,
        Self::RetryingTakesAnyFence,
        Self::AStartKeepsTheFence,
        Self::HasteningMovesClaimedJobs,
        Self::AdvancingKeepsTheCountOfClaims,
        Self::FinishedJobsStay,
        Self::ClaimsOneMoreThanAsked,
        Self::NeverSaysMore,
        Self::RenewalsIgnoreTheFilter,
    ];

    pub(crate) const OF_RACES: [Self; 5] = [
        Self::ClaimsWhatWasDueAMomentAgo,
        Self::UpdatesWhatHadTheRevisionAMomentAgo,
        Self::WritesBackWhatItReadAMomentAgo,
        Self::RecordsAndRunsAreReadOneAfterTheOther,
        Self::StartsWhatHadTheFenceAMomentAgo,
    ];
}
