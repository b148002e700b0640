//! The database is unavailable for at least five seconds, twice, or `PUNCTUAL_OUTAGES` times.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::process::Process;
use punctual_tests::server::Server;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::{CHILD, Processes};
use crate::run_log::RunLogChecker;
use crate::workload::{Workload, interrupted_jobs};

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// The duration of a server outage.
const OUTAGE: Duration = Duration::from_secs(5);

/// Each job becomes due each second, also during the outages. After the second outage as many again are due, and
/// each process runs some of them.
pub(crate) fn test(backend: &'static Backend) {
    let fixture = Fixture::new(backend);
    let workload = |name, period| Workload {
        name,
        jobs: interrupted_jobs(),
        starts: [SystemClock.now(); 2],
        period,
        max_instances: 2,
    };
    let meanwhile = workload("meanwhile-", Duration::from_secs(1));
    meanwhile.add(fixture.location());
    let mut processes = Processes::default();
    for name in NAMES {
        processes.start(&fixture.config(name));
    }
    let outages = std::env::var("PUNCTUAL_OUTAGES")
        .map_or(2, |times| times.parse().expect("PUNCTUAL_OUTAGES is not a number"));
    for _ in 0..outages {
        processes.read_output(Duration::from_secs(3));
        let outage = Outage::begin(&fixture, &mut processes);
        processes.wait_until("not all processes reported the failure", |processes| {
            NAMES.iter().all(|name| processes.is_failing(name))
        });
        outage.end();
        processes.wait_until("not all processes reported the recovery", |processes| {
            !NAMES.iter().any(|name| processes.is_failing(name))
        });
    }
    let before = NAMES.map(|name| processes.count_lines(name, "begin"));
    let after = workload("after-", Duration::from_millis(500));
    after.add(fixture.location());
    processes.wait_until("not all processes run jobs again", |processes| {
        NAMES.iter().zip(before).all(|(name, before)| processes.count_lines(name, "begin") > before)
    });
    let report = processes.finish(fixture.location());

    let checker = RunLogChecker::new(&fixture, report);
    checker.check(&[&meanwhile, &after]);
    for workload in [&meanwhile, &after] {
        let skip = checker.counts(workload, Recovery::Skip);
        let rerun = checker.counts(workload, Recovery::Rerun);
        let (name, fire_times) = (workload.name, workload.fire_times());
        println!("{backend:?}: {name}{fire_times}: skip {skip:?}; rerun {rerun:?}");
        for entries in checker.restarted(workload) {
            println!("restarted: {entries:#?}");
        }
        assert_eq!((rerun.never_finished, rerun.restarted), (0, 0));
        assert_eq!((skip.never_finished, skip.restarted), (0, 0));
    }
    if let Some(server) = fixture.server() {
        shut_down_during_an_outage(&fixture, server);
    }
}

/// A process that shuts down while its database is unavailable exits, and with success.
fn shut_down_during_an_outage(fixture: &Fixture, server: &Server) {
    let mut process = Process::start(&mut fixture.config("eve").command(CHILD));
    process.wait_for_line(|line| line == "ready");
    process.send_line("go");
    server.down();
    process.shut_down();
}

/// The cause of an outage.
enum Outage<'a> {
    Down(&'a Server),
    Locked(Process),
}

impl<'a> Outage<'a> {
    /// Makes the database unavailable and lets some time pass.
    fn begin(fixture: &'a Fixture, processes: &mut Processes) -> Self {
        match fixture.server() {
            Some(server) => {
                server.down();
                processes.read_output(OUTAGE);
                Self::Down(server)
            }
            None => Self::Locked(lock_database(fixture, processes)),
        }
    }

    fn end(self) {
        match self {
            Self::Down(server) => server.up(),
            Self::Locked(process) => process.kill(),
        }
    }
}

/// Suspends another process in the middle of a write, so that no other process can write until it is killed.
fn lock_database(fixture: &Fixture, processes: &mut Processes) -> Process {
    let writer = WorkerConfig { write_load_only: true, ..fixture.config("writer") };
    let mut writer = Process::start(&mut writer.command(CHILD));
    writer.wait_for_line(|line| line == "writing");
    let failures = |processes: &Processes| {
        NAMES.iter().map(|name| processes.count_lines(name, "failed")).sum::<usize>()
    };
    let before = failures(processes);
    loop {
        processes.read_output(Duration::from_millis(300));
        writer.suspend();
        // The outage exceeds the lock timeout of the processes; otherwise they would only wait for the lock.
        let since = SystemClock.now();
        while SystemClock.now().saturating_since(since) < Duration::from_secs(7) {
            processes.read_output(Duration::from_millis(100));
            if failures(processes) > before {
                return writer;
            }
        }
        writer.resume();
        if let Some(line) = writer.next_line_within(Duration::ZERO) {
            panic!("{line}, but no process reported a failure");
        }
    }
}
