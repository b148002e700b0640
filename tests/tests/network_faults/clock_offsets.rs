//! The clocks of the processes are offset, unless the store has no clock, and processes are killed and restarted.

use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::{Entry, RunPhase};
use punctual_tests::worker_config::WorkerConfig;

use crate::fixtures::ServerFixture;
use crate::processes::Processes;
use crate::trials::TrialResult;

/// The clock offset of each process in seconds.
const CLOCK_OFFSETS: [i64; 3] = [30, -30, 7];

const KILLS: usize = 6;

const JOBS: usize = 4;

/// Long enough for each run to start on time.
const PERIOD: Duration = Duration::from_millis(100);

/// The precision of stored times on both servers, as declared by their stores.
const PRECISION: Duration = Duration::from_micros(1);

/// No run starts before its scheduled time by the server's clock, which is this machine's clock.
pub(crate) fn trial(server_fixture: &ServerFixture, random: &mut Rng) -> TrialResult {
    // In half of the trials requests are delayed while a process starts, so that it estimates the server's clock from
    // slow responses.
    let slow = Duration::from_millis(if random.bool() { random.u64(20..100) } else { 0 });
    let fixture = server_fixture.trial_fixture(None);
    let clock_offsets = if fixture.has_clock() { CLOCK_OFFSETS } else { [0; 3] };
    let proxies = CLOCK_OFFSETS.map(|_| fixture.proxy(None));
    let mut processes = Processes::default();
    let mut count = 0;
    let mut start = |processes: &mut Processes, index: usize| {
        let name = format!("life-{count}");
        let lease = Duration::from_secs(3);
        let clock_offset_seconds = clock_offsets[index];
        proxies[index].delay(slow);
        processes.start(&WorkerConfig {
            clock_offset_seconds,
            lease,
            ..fixture.config(&name, Some(&proxies[index]))
        });
        processes.wait_until("the process is not ready", |processes| {
            processes.count_lines(&name, "ready") > 0
        });
        proxies[index].delay(Duration::ZERO);
        count += 1;
        name
    };
    fixture.add((0..JOBS).map(|number| {
        let recovery = if number % 2 == 0 { Recovery::Skip } else { Recovery::Rerun };
        let job = NewJob::builder(record_run()).id(format!("job-{number}")).recovery(recovery);
        // The limit is high, so that the interrupted runs of killed processes don't delay other runs.
        job.trigger(IntervalTrigger::every(PERIOD)).max_instances(1_000).build()
    }));
    let mut names = [0, 1, 2].map(|index| start(&mut processes, index));
    for _ in 0..KILLS {
        processes.read_output(Duration::from_millis(random.u64(100..900)));
        let index = random.usize(..names.len());
        processes.kill(&names[index]);
        names[index] = start(&mut processes, index);
    }
    processes.read_output(Duration::from_secs(1));
    processes.shut_down();
    let entries = fixture.journal();
    let starts = entries.iter().filter(|entry| entry.phase == RunPhase::Started);
    let early = starts.filter_map(|entry| {
        let early = entry.scheduled.saturating_since(entry.at);
        (early > PRECISION).then_some((early, entry))
    });
    let early: Vec<_> = early.collect();
    let violation = early.iter().max_by_key(|(early, _)| *early).map(|(most, entry)| {
        let all = entries.len();
        let Entry { process, job, .. } = entry;
        format!(
            "{} of {all} runs started early, by at most {most:.1?} ({job} in {process})",
            early.len()
        )
    });
    let variant = if slow.is_zero() { "quick starts" } else { "slow starts" };
    TrialResult { variant: variant.into(), violation }
}
