//! The fixture of a store.

use std::future::Future;

use punctual_core::{BoxFuture, CallerTransaction, JobStore};

use super::Corruption;

/// The storage location of one case: a file, a table, a key prefix.
///
/// Cases run concurrently. Each sets up its own fixture and tears it down at the end.
pub trait StoreFixture: Sized + Send + Sync + 'static {
    /// The store under test.
    type Store: JobStore;

    /// Creates an empty storage location. Its name may be derived from `case`, which has at most 60 letters, digits and
    /// underscores. Some cases create several locations with the same name.
    ///
    /// Returns `None` if the required server is unavailable. The case is skipped then, but fails if the environment
    /// variable `PUNCTUAL_REQUIRE_STORES` is `1`, as in continuous integration.
    fn set_up(case: &'static str) -> impl Future<Output = Option<Self>> + Send;

    /// Creates a store on that location, as another process would. The store need not be started.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Connects to the backend independently of the store, and begins a transaction. Returns `None` for stores without
    /// [`StoreCaps::transactions`](punctual_core::StoreCaps::transactions). A store on that location has been started
    /// before.
    fn begin(&self) -> impl Future<Output = Option<Box<dyn OpenTransaction>>> + Send {
        async { None }
    }

    /// Writes an invalid value directly into the backend. Returns false if the backend rejects it or can't be accessed
    /// directly; the case is skipped then.
    fn corrupt(&self, corruption: Corruption) -> impl Future<Output = bool> + Send {
        let _ = corruption;
        async { false }
    }

    /// Removes the storage location, if `Drop` can't.
    fn tear_down(self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A transaction that was begun by a [fixture](StoreFixture::begin).
pub trait OpenTransaction: Send {
    /// The transaction as an argument for the store.
    fn caller(&mut self) -> CallerTransaction<'_>;

    /// Commits the transaction.
    fn commit(self: Box<Self>) -> BoxFuture<'static, ()>;

    /// Rolls the transaction back.
    fn roll_back(self: Box<Self>) -> BoxFuture<'static, ()>;
}
