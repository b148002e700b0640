//! A commit reaches the server long after it was sent: its process has timed out, closed the connection, and retried
//! the commit on another connection.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::failpoint::Failpoint;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::RunPhase;
use punctual_tests::worker_config::WorkerConfig;
use tokio::time::timeout;

use crate::fixtures::{ServerFixture, TrialFixture};
use crate::held_message::{HeldMessage, HoldState, MessageKind};
use crate::processes::Processes;
use crate::proxy::Mode;
use crate::trials::TrialResult;

/// The timeout of a store call.
const CALL_TIMEOUT: Duration = Duration::from_secs(1);

/// The time in which the server handles the delayed request, on a busy machine.
const SERVER_TIMEOUT: Duration = Duration::from_secs(30);

const NAMES: [&str; 2] = ["ann", "bob"];

/// The marked jobs, whose commit is delayed.
const MARK: &str = "subject";

/// When the delayed commit reaches the server.
#[derive(Clone, Copy, Debug)]
enum CommitArrival {
    /// While the run is in progress that was started after the retried commit.
    Running,
    /// After that run has finished and its record has been cleared.
    Cleared,
    /// After all processes have been shut down.
    ShutDown,
    /// Immediately; the response is delayed instead.
    Immediately,
}

/// No process is killed: each fire time is run exactly once, also after all processes have been shut down and another
/// one has started, and no run remains recorded as in flight.
pub(crate) fn trial(server_fixture: &ServerFixture, random: &mut Rng) -> TrialResult {
    let arrival = [
        CommitArrival::Running,
        CommitArrival::Cleared,
        CommitArrival::Cleared,
        CommitArrival::Cleared,
        CommitArrival::ShutDown,
        CommitArrival::ShutDown,
        CommitArrival::Immediately,
    ][random.usize(..7)];
    let what = match arrival {
        CommitArrival::Immediately => MessageKind::Response,
        _ => MessageKind::Request,
    };
    let hold = HeldMessage::new(MARK, what, random.bool());
    let fixture = server_fixture.trial_fixture(Some(CALL_TIMEOUT / 2));
    let proxies = NAMES.map(|_| fixture.proxy(Some(&hold)));
    let mut processes = Processes::default();
    for (name, proxy) in NAMES.iter().zip(&proxies) {
        let identity = Some(format!("identity-of-{name}"));
        processes.start(&WorkerConfig {
            identity,
            hold_runs: matches!(arrival, CommitArrival::Running),
            failpoint: Some(Failpoint::Claimed),
            ..fixture.config(name, Some(proxy))
        });
    }
    processes.wait_until_ready();
    let jobs = subjects(random);
    fixture.add(jobs.iter().map(|(id, recovery, once)| {
        let job = NewJob::builder(record_run()).id(id).recovery(*recovery);
        let soon = SystemClock.now().saturating_add(Duration::from_millis(200));
        match once {
            true => job.trigger(DateTrigger::at(soon)).build(),
            false => job.trigger(IntervalTrigger::hours(1)).next_run_time(soon).build(),
        }
    }));
    processes.delay_commit(&hold);
    processes.wait_until("no process reported a failure", |processes| {
        processes.count_all_lines("failed") > 0
    });
    // From here on, other messages are forwarded.
    proxies.iter().for_each(|proxy| proxy.set(Mode::Forward));
    let started = |fixture: &TrialFixture<'_>| {
        jobs.iter().all(|(id, ..)| fixture.lines_of(id, RunPhase::Started) > 0)
    };
    processes.wait_until("not all runs have started", |_| started(&fixture));
    if matches!(arrival, CommitArrival::Running) {
        release(server_fixture, &hold);
        processes.send_line("release");
    }
    let ended = |fixture: &TrialFixture<'_>| {
        jobs.iter().all(|(id, ..)| fixture.lines_of(id, RunPhase::Finished) > 0)
    };
    processes.wait_until("not all runs have finished", |_| ended(&fixture));
    if !matches!(arrival, CommitArrival::Running) {
        processes.wait_until("not all run records are cleared", |_| fixture.in_flight() == 0);
    }
    if !matches!(arrival, CommitArrival::ShutDown) {
        release(server_fixture, &hold);
    }
    processes.read_output(Duration::from_millis(random.u64(0..300)));
    processes.shut_down();
    release(server_fixture, &hold);
    let recorded = fixture.in_flight();

    // Starts another process, with the node id of the first one or with a different one.
    let identity = random.bool().then(|| "identity-of-ann".to_owned());
    processes.start(&WorkerConfig { identity, ..fixture.config("next", None) });
    fixture.add([NewJob::builder(record_run()).id("last").build()]);
    processes.wait_until("the last job has not run", |_| {
        fixture.lines_of("last", RunPhase::Finished) > 0
    });
    processes.shut_down();
    let violation = check(&fixture, &jobs, recorded);
    TrialResult { variant: format!("{arrival:?}"), violation }
}

/// Returns jobs with both kinds of recovery, one-time and repeated: at least one is a recorded, repeated job.
fn subjects(random: &mut Rng) -> Vec<(String, Recovery, bool)> {
    let mut jobs = vec![(format!("{MARK}-rerun"), Recovery::Rerun, false)];
    let others = [
        ("skip", Recovery::Skip, false),
        ("rerun-once", Recovery::Rerun, true),
        ("skip-once", Recovery::Skip, true),
    ];
    for (name, recovery, once) in others {
        if random.bool() {
            jobs.push((format!("{MARK}-{name}"), recovery, once));
        }
    }
    jobs
}

/// Releases the delayed message; returns when the server has handled it.
fn release(server_fixture: &ServerFixture, hold: &HeldMessage) {
    hold.advance_to(HoldState::Released);
    let over = async { timeout(SERVER_TIMEOUT, hold.wait_for(HoldState::Over)).await };
    server_fixture.runtime.block_on(over).expect("the end of the connection");
}

fn check(
    fixture: &TrialFixture<'_>,
    jobs: &[(String, Recovery, bool)],
    recorded: u32,
) -> Option<String> {
    let mut violations = Vec::new();
    if recorded > 0 {
        violations.push(format!("{recorded} runs in flight after all processes were shut down"));
    }
    let left = fixture.in_flight();
    if left > 0 {
        violations.push(format!("{left} runs in flight at the end"));
    }
    let mut starts = BTreeMap::<_, Vec<_>>::new();
    for entry in fixture.journal().into_iter().filter(|entry| entry.phase == RunPhase::Started) {
        let who = format!("{} (attempt {})", entry.process, entry.attempt);
        starts.entry((entry.job, entry.scheduled)).or_default().push(who);
    }
    for ((job, scheduled), who) in &starts {
        if who.len() > 1 {
            violations.push(format!("{job} for {scheduled} ran {} times: {who:?}", who.len()));
        }
    }
    for (id, ..) in jobs {
        let times = starts.keys().filter(|(job, _)| job == id).count();
        if times != 1 {
            violations.push(format!("{id} ran for {times} fire times instead of one"));
        }
    }
    (!violations.is_empty()).then(|| violations.join("; "))
}
