//! The random and the concurrent case detect faults of stores.
#![allow(
    clippy::print_stdout,
    reason = "prints the number of attempts after which each fault is found"
)]

mod fault;
mod jobs;
mod store;

use std::future::Future;
use std::sync::Mutex;

use fault::Fault;
use punctual_testkit::job_store::{StoreFixture, concurrent, random};
use store::FaultyStore;

/// The fault of the stores that are created next. `TURN` serializes the tests that set it.
static FAULT: Mutex<Fault> = Mutex::new(Fault::None);
static TURN: Mutex<()> = Mutex::new(());

/// Number of sequences of 50 operations within which each fault must be found, and number of histories for each race.
const SEQUENCES: usize = 2_000;
const HISTORIES: usize = 5_000;

struct Faulty(FaultyStore);

impl StoreFixture for Faulty {
    type Store = FaultyStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(FaultyStore::new(*FAULT.lock().unwrap())))
    }

    async fn open(&self) -> FaultyStore {
        self.0.clone()
    }
}

fn with<T>(fault: Fault, work: impl Future<Output = T>) -> T {
    *FAULT.lock().unwrap() = fault;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(work)
}

#[test]
fn random_sequences_find_each_fault() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let sound = with(Fault::None, random::search::<Faulty>(1, 300, 50));
    assert!(sound.is_ok(), "{}", sound.unwrap_err().report);
    let mut missed = Vec::new();
    for fault in Fault::OF_SEQUENCES {
        match with(fault, random::search::<Faulty>(1, SEQUENCES, 50)) {
            Ok(()) => missed.push(fault),
            Err(found) => println!(
                "{fault:?}: after {} sequences, by {} operations\n{}\n",
                found.after, found.length, found.report
            ),
        }
    }
    assert_eq!(missed, []);
}

#[test]
fn concurrent_histories_find_each_race() {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let sound = with(Fault::None, concurrent::search::<Faulty>(1, 300));
    assert!(sound.is_ok(), "{}", sound.unwrap_err().report);
    let mut missed = Vec::new();
    for fault in Fault::OF_RACES {
        match with(fault, concurrent::search::<Faulty>(1, HISTORIES)) {
            Ok(()) => missed.push(fault),
            Err(found) => {
                println!("{fault:?}: after {} histories\n{}", found.after, found.report);
            }
        }
    }
    assert_eq!(missed, []);
}
