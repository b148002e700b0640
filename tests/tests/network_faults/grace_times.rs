//! The commit before the start of a run takes longer than the grace time of its job.

use std::time::Duration;

use fastrand::Rng;
use punctual::OutcomeKind;
use punctual::prelude::*;
use punctual_tests::failpoint::Failpoint;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::RunPhase;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixtures::{ServerFixture, TrialFixture};
use crate::held_message::{HeldMessage, HoldState, MessageKind};
use crate::processes::Processes;
use crate::proxy::Mode;
use crate::trials::TrialResult;

const LEASE: Duration = Duration::from_secs(2);

const GRACE: Duration = Duration::from_secs(1);

/// The maximum time from the check of the grace time to the first log line of the run, on a busy machine.
const TOLERANCE: Duration = Duration::from_millis(500);

const JOBS: [(&str, Recovery); 2] =
    [("subject-rerun", Recovery::Rerun), ("subject-skip", Recovery::Skip)];

/// No first attempt starts after the grace time of its job; an event and a history entry report the skipped run
/// instead.
pub(crate) fn trial(server_fixture: &ServerFixture, random: &mut Rng) -> TrialResult {
    let what = if random.bool() { MessageKind::Request } else { MessageKind::Response };
    let hold = HeldMessage::new("subject", what, random.bool());
    // The timeout is either longer than the delay of the commit, or so short that the commit is retried.
    let waits = random.u8(..4) > 0;
    let fixture = server_fixture.trial_fixture((!waits).then_some(Duration::from_millis(500)));
    let proxy = fixture.proxy(Some(&hold));
    let mut processes = Processes::default();
    processes.start(&WorkerConfig {
        lease: LEASE,
        failpoint: Some(Failpoint::Claimed),
        ..fixture.config("ann", Some(&proxy))
    });
    processes.wait_until_ready();
    let time = SystemClock.now().saturating_add(Duration::from_millis(300));
    fixture.add(JOBS.map(|(id, recovery)| {
        let job = NewJob::builder(record_run()).id(id).recovery(recovery).misfire_grace_time(GRACE);
        job.trigger(IntervalTrigger::hours(1)).next_run_time(time).build()
    }));
    processes.delay_commit(&hold);
    processes.read_output(LEASE.mul_f64(0.6 + random.f64()));
    proxy.set(Mode::Forward);
    hold.advance_to(HoldState::Released);
    // A `Recovery::Rerun` run whose lease expired before it started is reported as lost and is run again.
    let is_end = |recovery, outcome: &str| {
        outcome != "success" && !(recovery == Recovery::Rerun && outcome == "lost")
    };
    let settled = |fixture: &TrialFixture<'_>, job: &str, recovery| {
        fixture.lines_of(job, RunPhase::Finished) > 0
            || fixture.ends().iter().any(|end| end.job == job && is_end(recovery, &end.outcome))
    };
    processes.wait_until("not all jobs have run or were skipped", |_| {
        JOBS.iter().all(|(job, recovery)| settled(&fixture, job, *recovery))
    });
    processes.shut_down();
    let does = if waits { "arrival in time" } else { "is retried" };
    TrialResult { variant: format!("{what:?} {does}"), violation: check(&fixture, time) }
}

fn check(fixture: &TrialFixture<'_>, time: Timestamp) -> Option<String> {
    let mut violations = Vec::new();
    let deadline = time.saturating_add(GRACE + TOLERANCE);
    let (journal, ends, history) = (fixture.journal(), fixture.ends(), fixture.history());
    for (job, _) in JOBS {
        let ends = ends.iter().filter(|end| end.job == job).map(|end| end.outcome.as_str());
        let ends: Vec<_> = ends.collect();
        let first =
            journal.iter().find(|e| e.job == job && e.phase == RunPhase::Started && e.attempt == 1);
        match first {
            Some(entry) if entry.at > deadline => {
                let late = entry.at.saturating_since(time.saturating_add(GRACE));
                violations.push(format!(
                    "attempt 1 of {job} started {late:.1?} too late; its completions: {ends:?}"
                ));
            }
            Some(_) => {}
            None => {
                let reported = ends.contains(&"missed");
                let written = history.iter().any(|entry| {
                    entry.job.job_id.as_str() == job && entry.outcome == OutcomeKind::Missed
                });
                if !(reported && written) {
                    violations.push(format!(
                        "{job} neither started nor was reported as missed: {ends:?}"
                    ));
                }
            }
        }
    }
    (!violations.is_empty()).then(|| violations.join("; "))
}
