//! One case being tried.

use std::ops::Deref;

use super::handle::Handle;
use super::{Damage, OpenTransaction, StoreFixture};

/// A fixture with one started store, which stands for the scheduler of this process.
#[derive(Debug)]
pub struct Trial<F: StoreFixture> {
    fixture: F,
    ours: Handle<F::Store>,
}

impl<F: StoreFixture> Trial<F> {
    pub(crate) async fn new(fixture: F) -> Self {
        let ours = Handle::start(fixture.open().await).await;
        Self { fixture, ours }
    }

    /// The same jobs through a store of its own, as another process has it.
    pub(crate) async fn another(&self) -> Handle<F::Store> {
        Handle::start(self.open().await).await
    }

    /// Such a store before it is started.
    pub(crate) async fn open(&self) -> F::Store {
        self.fixture.open().await
    }

    /// A transaction beside the store.
    pub(crate) async fn begin(&self) -> Box<dyn OpenTransaction> {
        let transaction = self.fixture.begin().await;
        transaction.expect("the fixture of a store whose caps promise transactions begins one")
    }

    /// Damages the backend; false where that can't be.
    pub(crate) async fn damage(&self, damage: Damage) -> bool {
        self.fixture.damage(damage).await
    }

    pub(crate) async fn end(self) {
        self.ours.stop().await;
        self.fixture.tear_down().await;
    }
}

impl<F: StoreFixture> Deref for Trial<F> {
    type Target = Handle<F::Store>;

    fn deref(&self) -> &Handle<F::Store> {
        &self.ours
    }
}
