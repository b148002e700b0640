//! The random and the concurrent case of the suite, in a program of their own, which is built much faster with optimization.
//! `scripts/test random` runs them with many sequences and histories.

mod fixture;

use fixture::InMemory;
use punctual_testkit::job_store::{cases, requires, run};

#[test]
fn the_store_behaves_like_the_model() {
    let case = cases::random::the_store_behaves_like_the_model;
    run::<InMemory>("random", requires::none, case);
}

#[test]
fn histories_are_linearizable() {
    run::<InMemory>("concurrent", requires::none, cases::concurrent::histories_are_linearizable);
}
