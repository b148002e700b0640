//! The database is unavailable for at least five seconds, twice.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::process::Process;
use punctual_tests::role::Role;
use punctual_tests::server::Server;

use crate::crew::{CHILD, Crew};
use crate::plan::{ALL, JOBS, Plan};
use crate::stage::Stage;
use crate::verdict::Verdict;

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// The duration of a server outage.
const AWAY: Duration = Duration::from_secs(5);

/// 500 fire times become due each second, also during the outages. After the second outage as many again are due, and
/// each process runs some of them.
pub(crate) fn test(backend: &'static Backend) {
    let stage = Stage::new(backend);
    let plan = |name, period| Plan {
        name,
        jobs: JOBS,
        starts: [SystemClock.now(); 2],
        period,
        max_instances: 2,
    };
    let meanwhile = plan("meanwhile-", Duration::from_secs(1));
    meanwhile.add(stage.place());
    let mut crew = Crew::default();
    for name in NAMES {
        crew.start(&stage.role(name));
    }
    for time in 1..=2 {
        crew.listen(Duration::from_secs(3));
        let away = Outage::begin(&stage, &mut crew);
        crew.until("not all processes reported the failure", |crew| {
            NAMES.iter().all(|name| crew.said(name, "failed") >= time)
        });
        away.end();
        crew.until("not all processes reported the recovery", |crew| {
            NAMES.iter().all(|name| crew.said(name, "recovered") >= time)
        });
    }
    let before = NAMES.map(|name| crew.said(name, "begin"));
    let after = plan("after-", Duration::from_millis(500));
    after.add(stage.place());
    crew.until("not all processes run jobs again", |crew| {
        NAMES.iter().zip(before).all(|(name, before)| crew.said(name, "begin") > before)
    });
    let finished = crew.finish(stage.place());

    let verdict = Verdict::new(&stage, finished);
    verdict.check(&[&meanwhile, &after]);
    for plan in [&meanwhile, &after] {
        let skip = verdict.counts(plan, Recovery::Skip);
        let rerun = verdict.counts(plan, Recovery::Rerun);
        println!("{backend:?}: {}{ALL}: skip {skip:?}; rerun {rerun:?}", plan.name);
        assert_eq!((rerun.never_ended, rerun.begun_again), (0, 0));
        assert_eq!((skip.never_ended, skip.begun_again), (0, 0));
    }
}

/// The cause of an outage.
enum Outage<'a> {
    Down(&'a Server),
    Hogged(Process),
}

impl<'a> Outage<'a> {
    /// Makes the database unavailable and lets some time pass.
    fn begin(stage: &'a Stage, crew: &mut Crew) -> Self {
        match stage.server() {
            Some(server) => {
                server.down();
                crew.listen(AWAY);
                Self::Down(server)
            }
            None => Self::Hogged(hog(stage, crew)),
        }
    }

    fn end(self) {
        match self {
            Self::Down(server) => server.up(),
            Self::Hogged(process) => process.kill(),
        }
    }
}

/// Suspends another process in the middle of a write, so that no other process can write until it is killed.
fn hog(stage: &Stage, crew: &mut Crew) -> Process {
    let hog = Role { hogs: true, ..stage.role("hog") };
    let mut hog = Process::start(&mut hog.command(CHILD));
    hog.line_that(|line| line == "writing");
    let failures = |crew: &Crew| NAMES.iter().map(|name| crew.said(name, "failed")).sum::<usize>();
    let before = failures(crew);
    loop {
        crew.listen(Duration::from_millis(300));
        hog.suspend();
        // The outage exceeds the lock timeout of the processes; otherwise they would only wait for the lock.
        let since = SystemClock.now();
        while SystemClock.now().saturating_since(since) < Duration::from_secs(7) {
            crew.listen(Duration::from_millis(100));
            if failures(crew) > before {
                return hog;
            }
        }
        hog.resume();
        if let Some(said) = hog.line_within(Duration::ZERO) {
            panic!("{said}, but no process reported a failure");
        }
    }
}
