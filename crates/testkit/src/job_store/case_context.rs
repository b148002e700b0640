//! The context of a case.

use std::ops::Deref;

use super::under_test::StoreUnderTest;
use super::{Corruption, OpenTransaction, StoreFixture};

/// A fixture with one started store, which represents the scheduler of this process.
#[derive(Debug)]
pub struct CaseContext<F: StoreFixture> {
    fixture: F,
    first: StoreUnderTest<F::Store>,
}

impl<F: StoreFixture> CaseContext<F> {
    pub(crate) async fn new(fixture: F) -> Self {
        let first = StoreUnderTest::start(fixture.open().await).await;
        Self { fixture, first }
    }

    /// Opens and starts a second store on the same jobs, as another process would.
    pub(crate) async fn second_store(&self) -> StoreUnderTest<F::Store> {
        StoreUnderTest::start(self.open().await).await
    }

    /// Opens a store on the same jobs without starting it.
    pub(crate) async fn open(&self) -> F::Store {
        self.fixture.open().await
    }

    /// Begins a transaction that the store has not begun.
    pub(crate) async fn begin(&self) -> Box<dyn OpenTransaction> {
        let transaction = self.fixture.begin().await;
        transaction.expect("the fixture of a store that supports transactions must begin one")
    }

    /// Writes an invalid value into the backend. Returns false if that is not possible.
    pub(crate) async fn corrupt(&self, corruption: Corruption) -> bool {
        self.fixture.corrupt(corruption).await
    }

    pub(crate) async fn end(self) {
        self.first.stop().await;
        self.fixture.tear_down().await;
    }
}

impl<F: StoreFixture> Deref for CaseContext<F> {
    type Target = StoreUnderTest<F::Store>;

    fn deref(&self) -> &StoreUnderTest<F::Store> {
        &self.first
    }
}
