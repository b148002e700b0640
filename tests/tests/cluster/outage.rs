//! The database is away for five seconds and more, twice.

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

/// How long the server is down.
const AWAY: Duration = Duration::from_secs(5);

/// 500 occurrences become due each second, also while the database is away. When it is back for good there
/// are as many again, of which each process runs some.
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
        crew.until("not all have noticed", |crew| {
            NAMES.iter().all(|name| crew.said(name, "failed") >= time)
        });
        away.end();
        crew.until("not all came back", |crew| {
            NAMES.iter().all(|name| crew.said(name, "recovered") >= time)
        });
    }
    let before = NAMES.map(|name| crew.said(name, "begin"));
    let after = plan("after-", Duration::from_millis(500));
    after.add(stage.place());
    crew.until("not all run jobs again", |crew| {
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

/// What keeps the database away.
enum Outage<'a> {
    Down(&'a Server),
    Hogged(Process),
}

impl<'a> Outage<'a> {
    /// Takes the database away, and lets some time pass.
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

/// Another process is stopped in the middle of a write, and nobody else can write as long as it is there.
fn hog(stage: &Stage, crew: &mut Crew) -> Process {
    let hog = Role { hogs: true, ..stage.role("hog") };
    let mut hog = Process::start(&mut hog.command(CHILD));
    hog.line_that(|line| line == "writing");
    let failures = |crew: &Crew| NAMES.iter().map(|name| crew.said(name, "failed")).sum::<usize>();
    let before = failures(crew);
    loop {
        crew.listen(Duration::from_millis(300));
        hog.suspend();
        // Longer than they wait for each other; if nobody fails, it still waited for its turn.
        let since = SystemClock.now();
        while SystemClock.now().saturating_since(since) < Duration::from_secs(7) {
            crew.listen(Duration::from_millis(100));
            if failures(crew) > before {
                return hog;
            }
        }
        hog.resume();
        if let Some(said) = hog.line_within(Duration::ZERO) {
            panic!("{said}, and nobody minds");
        }
    }
}
