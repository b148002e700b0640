//! Generation of operation sequences from seeds.
//!
//! The numbers of names and instants are small, so that operations interfere: leases expire, fences are outdated,
//! batches are delayed or repeated, nodes expire.

use fastrand::Rng;

use super::ops::{
    Action, CommitSpec, Expected, FenceOf, HistorySpec, JobSpec, Name, Offset, Op, RunSpec,
    ScheduleSpec, Tasks, UpdateSpec,
};

pub(super) const JOBS: [Name; 3] = ["a", "b", "c"];
const TASKS: [Name; 2] = ["x", "y"];
const NODES: [Name; 3] = ["n", "m", "o"];
const KEYS: [Name; 2] = ["k", "l"];
const RUNS: u8 = 4;

/// The state from which the next operation is generated.
struct Generator {
    rng: Rng,
    /// Advances with every operation. The times in operations may be earlier or later.
    clock: i64,
}

/// Returns the sequence of a seed.
pub(super) fn sequence(seed: u64, length: usize) -> Vec<Op> {
    let mut generator = Generator { rng: Rng::with_seed(seed), clock: 0 };
    (0..length).map(|_| generator.op()).collect()
}

impl Generator {
    fn op(&mut self) -> Op {
        self.clock += self.up_to(3) / 2;
        match self.rng.u8(..100) {
            0..9 => Op::Add(self.some(1, 2, Self::new_job)),
            9..15 => self.update(),
            15..17 => Op::Remove(self.jobs()),
            17..19 => self.list(),
            19..37 => self.claim(),
            37..65 => self.commit(),
            65..75 => Op::Deliver { back: self.rng.usize(..6) },
            75..83 => self.renew(),
            83..90 => self.take_over(),
            90..92 => Op::NextWakeup { tasks: self.tasks() },
            92..93 => Op::SetMetadata { key: self.one(&KEYS), value: self.rng.u8(..9) },
            93..96 => self.history(),
            96 => Op::Restart,
            97 => Op::Reopen,
            _ => Op::Switch,
        }
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    fn up_to(&mut self, limit: i64) -> i64 {
        self.rng.i64(0..=limit)
    }

    /// Returns true with a probability of 1 in `times`.
    fn once_in(&mut self, times: u8) -> bool {
        self.rng.u8(..times) == 0
    }

    fn some<T>(&mut self, min: usize, max: usize, one: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.rng.usize(min..=max)).map(|_| one(self)).collect()
    }

    /// A time close to the clock, since the clocks of nodes differ.
    fn now(&mut self) -> Offset {
        Offset(self.clock + self.rng.i64(-2..=2))
    }

    /// A time shortly before or after the clock.
    fn soon(&mut self) -> Offset {
        Offset(self.clock + self.rng.i64(-2..=8))
    }

    /// A time long before or shortly after the clock.
    fn any_time(&mut self) -> Offset {
        Offset(self.clock + self.rng.i64(-12..=8))
    }

    fn tasks(&mut self) -> Tasks {
        match self.rng.u8(..8) {
            0 => Some(&["x"]),
            1 => Some(&["y", "z"]),
            2 => Some(&["x", "y"]),
            _ => None,
        }
    }

    fn limit(&mut self) -> usize {
        self.one(&[1, 1, 2, 3, 9, usize::MAX])
    }

    /// Distinct jobs.
    fn jobs(&mut self) -> Vec<Name> {
        let mut jobs = JOBS.to_vec();
        self.rng.shuffle(&mut jobs);
        jobs.truncate(self.rng.usize(1..=2));
        jobs
    }

    fn schedule_spec(&mut self) -> ScheduleSpec {
        ScheduleSpec { next: self.soon(), delay: self.one(&[0, 0, 2, 5, -1]) }
    }

    fn schedule(&mut self) -> Option<ScheduleSpec> {
        (!self.once_in(5)).then(|| self.schedule_spec())
    }

    fn new_job(&mut self) -> JobSpec {
        JobSpec {
            job: self.one(&JOBS),
            task: self.one(&TASKS),
            definition: self.rng.u8(..9),
            schedule: self.schedule(),
        }
    }

    fn update(&mut self) -> Op {
        let definition = self.once_in(3).then(|| (self.one(&TASKS), self.rng.u8(..9)));
        let schedule = self.rng.bool().then(|| self.schedule());
        let expected = match self.rng.u8(..8) {
            0 => Some(Expected::Current),
            1 => Some(Expected::None),
            2 => Some(Expected::At(self.soon())),
            _ => None,
        };
        Op::Update(UpdateSpec {
            job: self.one(&JOBS),
            revision_off: self.one(&[0, 0, 0, 0, -1, 1]),
            definition,
            schedule,
            expected,
            fire_count: self.once_in(6).then(|| self.rng.u64(..9)),
        })
    }

    fn list(&mut self) -> Op {
        let after = self.rng.bool().then(|| {
            let time = (!self.once_in(4)).then(|| self.soon());
            (time, self.one(&JOBS))
        });
        Op::List { after, limit: self.one(&[0, 1, 2, 3, usize::MAX]) }
    }

    fn claim(&mut self) -> Op {
        Op::Claim {
            node: self.one(&NODES),
            now: self.now(),
            limit: if self.once_in(12) { 0 } else { self.limit() },
            lease: self.rng.u64(..7),
            tasks: self.tasks(),
        }
    }

    fn commit(&mut self) -> Op {
        let mut history = self.some(0, 1, Self::history_spec);
        history.extend(self.once_in(8).then(|| self.history_spec()));
        // A batch must not contain two entries with the same key.
        history.sort_by_key(|entry| (entry.finished.0, entry.run, entry.attempt));
        history.dedup_by_key(|entry| (entry.finished.0, entry.run, entry.attempt));
        let max = self.one(&[1, 1, 2, 4]);
        let commits = self.some(1, max, Self::commit_spec);
        Op::Commit { commits, history, later: self.once_in(8) }
    }

    fn commit_spec(&mut self) -> CommitSpec {
        let back = if self.once_in(4) { self.rng.usize(1..4) } else { 0 };
        let action = self.action();
        let fence = match action {
            _ if self.once_in(25) => FenceOf::Unused { large: self.rng.bool() },
            Action::Clear { .. } | Action::Retry { .. } => FenceOf::Run { back },
            _ => FenceOf::Job { back },
        };
        CommitSpec { job: self.one(&JOBS), fence, action }
    }

    fn action(&mut self) -> Action {
        match self.rng.u8(..18) {
            0..5 => Action::Advance {
                to: self.schedule_spec(),
                fire_count: self.rng.u64(..9),
                start: self.some(0, 2, Self::new_run),
            },
            5..7 => Action::Finish { start: self.some(0, 2, Self::new_run) },
            7..9 => Action::Postpone { due: self.any_time() },
            9..11 => Action::BringForward { due: self.any_time() },
            11..13 => Action::Start { runs: self.some(1, 2, Self::new_run) },
            13..16 => Action::Clear { run: self.rng.u8(..RUNS) },
            _ => Action::Retry {
                run: self.rng.u8(..RUNS),
                node: self.one(&NODES),
                attempt: self.rng.u32(2..5),
                fence_plus: self.up_to(2),
            },
        }
    }

    fn new_run(&mut self) -> RunSpec {
        RunSpec {
            run: self.rng.u8(..RUNS),
            node: self.one(&NODES),
            scheduled: self.soon(),
            fence: self.rng.i64(1..4),
        }
    }

    fn history_spec(&mut self) -> HistorySpec {
        HistorySpec {
            job: self.one(&JOBS),
            run: self.rng.u8(..RUNS),
            attempt: self.rng.u32(1..3),
            finished: Offset(self.clock - self.up_to(3)),
            error: self.rng.bool().then(|| self.rng.u8(..9)),
        }
    }

    fn renew(&mut self) -> Op {
        let now = self.now();
        let until = Offset(now.0 + self.rng.i64(-1..=8));
        Op::Renew { node: self.one(&NODES), now, until, tasks: self.tasks() }
    }

    fn take_over(&mut self) -> Op {
        let (node, now) = (self.one(&NODES), self.now());
        let (own, knows, late) = (self.once_in(3), self.rng.bool(), self.once_in(4));
        Op::TakeOver { node, own, knows, late, now, limit: self.limit(), tasks: self.tasks() }
    }

    fn history(&mut self) -> Op {
        let since = Offset(self.clock - self.up_to(20));
        match self.rng.u8(..4) {
            0 => Op::ForgetBefore { before: since, limit: self.limit() },
            1 => Op::ForgetBeyond {
                jobs: self.jobs(),
                keep: self.rng.usize(..3),
                limit: self.limit(),
            },
            _ => Op::ReadHistory {
                job: self.rng.bool().then(|| self.one(&JOBS)),
                failed: self.once_in(4),
                since,
                until: Offset(since.0 + self.up_to(20)),
                limit: self.one(&[0, 1, 2, 5, usize::MAX]),
            },
        }
    }
}
