//! The clocks of the processes are wrong, and processes are killed and started again.

use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::jobs::occur;
use punctual_tests::journal::{Entry, Mark};
use punctual_tests::role::Role;

use crate::cast::Cast;
use crate::stage::Stage;
use crate::trials::Shown;

/// By how many seconds the clocks of the seats are ahead.
const AHEAD: [i64; 3] = [30, -30, 7];

const KILLS: usize = 6;

const JOBS: usize = 4;

/// Long enough for each run to come to its turn on time.
const PERIOD: Duration = Duration::from_millis(100);

/// What both servers keep of an instant; their stores say the same of themselves.
const PRECISION: Duration = Duration::from_micros(1);

/// Nothing runs before its time by the server's clock, which is this machine's.
pub(crate) fn trial(stage: &Stage, random: &mut Rng) -> Shown {
    // In half of them requests are slow while a process starts: it asks what time it is, and the answer is old or new.
    let slow = Duration::from_millis(if random.bool() { random.u64(20..100) } else { 0 });
    let scene = stage.scene(None);
    let lines = AHEAD.map(|_| scene.line(None));
    let mut cast = Cast::default();
    let mut lives = 0;
    let mut start = |cast: &mut Cast, seat: usize| {
        let name = format!("life-{lives}");
        let lease = Duration::from_secs(3);
        let ahead = AHEAD[seat];
        lines[seat].delay(slow);
        cast.start(&Role { ahead, lease, ..scene.role(&name, Some(&lines[seat])) });
        cast.until("it is not ready", |cast| cast.said(&name, "ready") > 0);
        lines[seat].delay(Duration::ZERO);
        lives += 1;
        name
    };
    scene.add((0..JOBS).map(|number| {
        let recovery = if number % 2 == 0 { Recovery::Skip } else { Recovery::Rerun };
        let job = NewJob::builder(occur()).id(format!("job-{number}")).recovery(recovery);
        // No killed process's run keeps others from their turn.
        job.trigger(IntervalTrigger::every(PERIOD)).max_instances(1_000).build()
    }));
    let mut seats = [0, 1, 2].map(|seat| start(&mut cast, seat));
    for _ in 0..KILLS {
        cast.listen(Duration::from_millis(random.u64(100..900)));
        let seat = random.usize(..seats.len());
        cast.kill(&seats[seat]);
        seats[seat] = start(&mut cast, seat);
    }
    cast.listen(Duration::from_secs(1));
    cast.end();
    let entries = scene.journal();
    let begins = entries.iter().filter(|entry| entry.mark == Mark::Begin);
    let early = begins.filter_map(|entry| {
        let early = entry.scheduled.saturating_since(entry.at);
        (early > PRECISION).then_some((early, entry))
    });
    let early: Vec<_> = early.collect();
    let fault = early.iter().max_by_key(|(early, _)| *early).map(|(most, entry)| {
        let all = entries.len();
        let Entry { process, job, .. } = entry;
        format!("{} of {all} began early, by {most:.1?} at most ({job} in {process})", early.len())
    });
    let kind = if slow.is_zero() { "quick starts" } else { "slow starts" };
    Shown { kind: kind.into(), fault }
}
