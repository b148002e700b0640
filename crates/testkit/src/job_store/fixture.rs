//! What a store brings to the suite.

use std::future::Future;

use punctual_core::{BoxFuture, CallerTransaction, JobStore};

use super::Damage;

/// A place where one case keeps its jobs, and no other: a file, a table, a key prefix.
///
/// Cases run at the same time; each sets up a fixture of its own and tears it down in the end.
pub trait StoreFixture: Sized + Send + Sync + 'static {
    /// The store that is tried.
    type Store: JobStore;

    /// Makes a place without jobs. `case` may serve to name it and is not longer than 60 letters,
    /// digits and underscores. Some cases make many places, all of the same name.
    ///
    /// `None` when the server that this needs is not there: the case then passes without a test, but
    /// fails if the environment says `PUNCTUAL_REQUIRE_STORES=1`, as continuous integration does.
    fn set_up(case: &'static str) -> impl Future<Output = Option<Self>> + Send;

    /// Makes a store of that place, as a process of its own would; need not be started.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Connects to the backend, beside the store, and begins a transaction. `None` from a store without
    /// [`StoreCaps::transactions`](punctual_core::StoreCaps::transactions). A store of that place has been
    /// started before.
    fn begin(&self) -> impl Future<Output = Option<Box<dyn OpenTransaction>>> + Send {
        async { None }
    }

    /// Writes something that can't be read into the backend, past the store. False where the backend refuses
    /// it, or where nobody can write past the store: the case ends then.
    fn damage(&self, damage: Damage) -> impl Future<Output = bool> + Send {
        let _ = damage;
        async { false }
    }

    /// Removes the place, where `Drop` can't.
    fn tear_down(self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A transaction that a [fixture](StoreFixture::begin) has begun.
pub trait OpenTransaction: Send {
    /// The transaction, for the store.
    fn caller(&mut self) -> CallerTransaction<'_>;

    /// Ends it: what was done in it stays.
    fn commit(self: Box<Self>) -> BoxFuture<'static, ()>;

    /// Ends it: nothing of what was done in it stays.
    fn roll_back(self: Box<Self>) -> BoxFuture<'static, ()>;
}
