//! Faults of a store.

/// A single fault of a store that otherwise behaves like the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    // Faults of sequential operations.
    SettlesRepeatedly,
    ATakeOverKeepsTheFenceOfTheRun,
    AnExpiredClaimIsNotUnsettled,
    ClaimsAreNotCounted,
    APostponedClaimIsCounted,
    APostponedJobIsDueBeforeItsRunTime,
    AReleasedJobIsDueAtItsRunTime,
    AReleaseKeepsTheFence,
    AnUpdateKeepsTheClaim,
    AnUpdateKeepsTheUnsettledFence,
    ATakeOverRevokesNoLease,
    OnlyAnExpiredCallerTakesOver,
    ACallerTakesOverWhatItKnows,
    ACallerRevokesItsLease,
    ACallerTakesOverWithAnEarlierLease,
    UnknownNodesAreLive,
    ARepeatedEntryReplacesTheFirst,
    ClearingIgnoresTheFence,
    RetryingTakesAnyFence,
    AStartKeepsTheFence,
    BringingForwardMovesClaimedJobs,
    AdvancingKeepsTheNumberOfClaims,
    FinishedJobsStay,
    ClaimsOneMoreThanAsked,
    NeverReturnsHasMore,
    RenewalsIgnoreTheFilter,
    // Faults of concurrent operations.
    ClaimsAfterAnOutdatedRead,
    UpdatesAfterAnOutdatedRead,
    CommitsToAnOutdatedCopy,
    ReadsRecordAndRunsSeparately,
    StartsAfterAnOutdatedRead,
}

impl Fault {
    pub(crate) const OF_SEQUENCES: [Self; 26] = [
        Self::SettlesRepeatedly,
        Self::ATakeOverKeepsTheFenceOfTheRun,
        Self::AnExpiredClaimIsNotUnsettled,
        Self::ClaimsAreNotCounted,
        Self::APostponedClaimIsCounted,
        Self::APostponedJobIsDueBeforeItsRunTime,
        Self::AReleasedJobIsDueAtItsRunTime,
        Self::AReleaseKeepsTheFence,
        Self::AnUpdateKeepsTheClaim,
        Self::AnUpdateKeepsTheUnsettledFence,
        Self::ATakeOverRevokesNoLease,
        Self::OnlyAnExpiredCallerTakesOver,
        Self::ACallerTakesOverWhatItKnows,
        Self::ACallerRevokesItsLease,
        Self::ACallerTakesOverWithAnEarlierLease,
        Self::UnknownNodesAreLive,
        Self::ARepeatedEntryReplacesTheFirst,
        Self::ClearingIgnoresTheFence,
        Self::RetryingTakesAnyFence,
        Self::AStartKeepsTheFence,
        Self::BringingForwardMovesClaimedJobs,
        Self::AdvancingKeepsTheNumberOfClaims,
        Self::FinishedJobsStay,
        Self::ClaimsOneMoreThanAsked,
        Self::NeverReturnsHasMore,
        Self::RenewalsIgnoreTheFilter,
    ];

    pub(crate) const OF_RACES: [Self; 5] = [
        Self::ClaimsAfterAnOutdatedRead,
        Self::UpdatesAfterAnOutdatedRead,
        Self::CommitsToAnOutdatedCopy,
        Self::ReadsRecordAndRunsSeparately,
        Self::StartsAfterAnOutdatedRead,
    ];
}
