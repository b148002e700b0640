//! Generates a script from a seed.

use fastrand::Rng;
use punctual_core::Coalesce;

use crate::script::{
    CallFaultRates, ExecutorFaultRates, Job, Machine, Outage, Retry, Script, Step, UserAction,
};

/// Generates the script of a seed. Seeds differ in the faults that can occur: some scripts have almost none, so that
/// rules whose exceptions depend on faults are tested strictly.
#[must_use]
pub fn script(seed: u64) -> Script {
    generate(seed, false)
}

/// Generates the script of a seed whose jobs have retry policies.
#[must_use]
pub fn script_with_retries(seed: u64) -> Script {
    generate(seed, true)
}

fn generate(seed: u64, has_retries: bool) -> Script {
    let mut rng = Rng::with_seed(seed);
    let rng = &mut rng;
    let faults_until = rng.u32(8_000..40_000);
    let mut profile = FaultProfile {
        faults_until,
        machines: [1, 2, 2, 3, 3, 4][rng.usize(..6)],
        jobs: rng.usize(1..5),
        lines: rng.u8(..4) > 0,
        outages: rng.u8(..3) > 0,
        deaths: rng.u8(..2) > 0,
        stops: rng.u8(..2) > 0,
        clocks: rng.u8(..2) > 0,
        jumps: rng.u8(..4) == 0,
        executors: rng.u8(..3) == 0,
        users: rng.u8(..3) > 0,
        lifecycle: rng.u8(..3) == 0,
        has_retries,
        is_calm: has_retries && rng.u8(..4) == 0,
    };
    if profile.is_calm {
        profile = profile.calm();
    }
    let store_clock = profile.clocks || profile.jumps || rng.bool();
    let lease = [2_000, 3_000, 6_000, 10_000][rng.usize(..4)];
    let machines = (0..profile.machines).map(|_| profile.machine(rng)).collect();
    Script {
        seed,
        lease,
        retry: rng.u32(200..4_000),
        poll: [200, 1_000, 1_000, 5_000][rng.usize(..4)],
        store_clock,
        machines,
        steps: profile.steps(rng, lease),
        faults_until,
        has_retries,
        is_calm: profile.is_calm,
    }
}

/// The faults that can occur.
struct FaultProfile {
    faults_until: u32,
    machines: usize,
    jobs: usize,
    lines: bool,
    outages: bool,
    deaths: bool,
    stops: bool,
    clocks: bool,
    jumps: bool,
    executors: bool,
    users: bool,
    lifecycle: bool,
    has_retries: bool,
    is_calm: bool,
}

impl FaultProfile {
    /// One process, without any fault.
    fn calm(self) -> Self {
        Self {
            machines: 1,
            lines: false,
            outages: false,
            deaths: false,
            stops: false,
            clocks: false,
            jumps: false,
            executors: false,
            lifecycle: false,
            ..self
        }
    }

    fn machine(&self, rng: &mut Rng) -> Machine {
        let mut call_faults = CallFaultRates::default();
        if self.lines {
            let most = [10, 40, 150][rng.usize(..3)];
            for share in [
                &mut call_faults.refused,
                &mut call_faults.lost,
                &mut call_faults.late,
                &mut call_faults.part,
                &mut call_faults.slow,
            ] {
                *share = if rng.bool() { rng.u16(..most) } else { 0 };
            }
        }
        let mut executor = ExecutorFaultRates::default();
        if self.executors {
            for share in [
                &mut executor.refused,
                &mut executor.slow,
                &mut executor.dropped,
                &mut executor.endless,
            ] {
                *share = if rng.bool() { rng.u16(..200) } else { 0 };
            }
        }
        let drifts = [0, 0, 50_000, -50_000, rng.i32(-50_000..=50_000)];
        Machine {
            ahead: if self.clocks { rng.i32(-40_000..40_000) } else { 0 },
            drift: if self.clocks { drifts[rng.usize(..drifts.len())] } else { 0 },
            has_identity: rng.u8(..3) == 0,
            call_faults,
            executor,
        }
    }

    fn steps(&self, rng: &mut Rng, lease: u32) -> Vec<(u32, Step)> {
        let mut steps = Vec::new();
        for job in 0..self.jobs {
            let machine = rng.usize(..self.machines);
            let at = rng.u32(100..3_000);
            let what = UserAction::Add { job: self.job(rng, at), replace: false, paused: false };
            steps.push((at, Step::User { machine, job, what }));
        }
        let mut some = |rng: &mut Rng, wanted: bool, make: &mut dyn FnMut(&mut Rng) -> Step| {
            for _ in 0..if wanted { rng.usize(1..5) } else { 0 } {
                let at = rng.u32(500..self.faults_until);
                steps.push((at, make(rng)));
            }
        };
        let any = |rng: &mut Rng| rng.usize(..self.machines);
        let long = |rng: &mut Rng| rng.u32(100..lease * 5 / 2);
        let wait = |rng: &mut Rng| [0, 100, 3_000, 15_000][rng.usize(..4)];
        some(rng, self.deaths, &mut |rng| Step::Kill { machine: any(rng) });
        some(rng, self.deaths || self.lifecycle, &mut |rng| Step::Start { machine: any(rng) });
        some(rng, self.stops, &mut |rng| Step::Stop { machine: any(rng), time: long(rng) });
        some(rng, self.lifecycle, &mut |rng| Step::Shutdown { machine: any(rng), wait: wait(rng) });
        some(rng, self.lifecycle, &mut |rng| Step::Restart { machine: any(rng), wait: wait(rng) });
        some(rng, self.lifecycle, &mut |rng| Step::Pause { machine: any(rng) });
        some(rng, self.lifecycle, &mut |rng| Step::Resume { machine: any(rng) });
        some(rng, self.jumps, &mut |rng| Step::Jump {
            machine: any(rng),
            by: rng.i32(-20_000..20_000),
        });
        some(rng, self.outages, &mut |rng| Step::Outage {
            machine: rng.bool().then(|| any(rng)),
            how: [
                Outage::Refused,
                Outage::RequestLost,
                Outage::ResponseLost,
                Outage::RequestDelayed,
            ][rng.usize(..4)],
            time: long(rng),
        });
        for _ in 0..if self.users { 3 } else { 0 } {
            some(rng, true, &mut |rng| Step::User {
                machine: any(rng),
                job: rng.usize(..self.jobs),
                what: self.user(rng),
            });
        }
        steps.sort_by_key(|&(at, _)| at);
        steps
    }

    fn user(&self, rng: &mut Rng) -> UserAction {
        if self.has_retries {
            // A user who changes a schedule ends the claim of a process that does not respond: its run is not repeated.
            return match rng.u8(..if self.is_calm { 8 } else { 4 }) {
                0 | 1 => UserAction::RunNow,
                2 | 3 => UserAction::RetryDeadLetters,
                4 => UserAction::Pause,
                5 | 6 => UserAction::Resume,
                _ => UserAction::MakeDue,
            };
        }
        let now = rng.u32(..self.faults_until);
        match rng.u8(..12) {
            0 | 1 => UserAction::Add {
                job: self.job(rng, now),
                replace: rng.bool(),
                paused: rng.u8(..6) == 0,
            },
            2 => UserAction::Remove,
            3 => UserAction::Pause,
            4 | 5 => UserAction::Resume,
            6 | 7 => UserAction::RunNow,
            8 => UserAction::MakeDue,
            9 | 10 => UserAction::Reschedule { every: every(rng), first: now },
            _ => UserAction::Modify {
                grace: grace(rng),
                max_instances: rng.u32(1..4),
                coalesce: coalesce(rng),
            },
        }
    }

    fn job(&self, rng: &mut Rng, now: u32) -> Job {
        let every = every(rng);
        Job {
            every,
            first: now + rng.u32(..3_000),
            max_runs: (rng.u8(..4) == 0).then(|| rng.u32(1..12)),
            jitter: if rng.u8(..5) == 0 { rng.u32(1..1_500) } else { 0 },
            grace: grace(rng),
            coalesce: coalesce(rng),
            max_instances: rng.u32(1..4),
            rerun: rng.u8(..3) > 0,
            takes: match rng.u8(..4) {
                0 => 0,
                1 => rng.u32(..every * 4),
                2 => rng.u32(..8_000),
                _ => rng.u32(..every),
            },
            fails: rng.u8(..5) == 0,
            retry: self.has_retries.then(|| Retry {
                delay: rng.u32(..6_000),
                max_attempts: rng.u32(1..5),
                succeeds_at: rng.u32(1..7),
            }),
        }
    }
}

fn every(rng: &mut Rng) -> u32 {
    if rng.u8(..4) == 0 { rng.u32(200..1_000) } else { rng.u32(1_000..9_000) }
}

fn grace(rng: &mut Rng) -> Option<u32> {
    (rng.u8(..3) == 0).then(|| rng.u32(50..6_000))
}

fn coalesce(rng: &mut Rng) -> Coalesce {
    [Coalesce::Latest, Coalesce::Earliest, Coalesce::All][rng.usize(..3)]
}
