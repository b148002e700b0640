//! Transactions on connections outside of the store.

use std::any::Any;

use punctual_core::{BoxFuture, CallerTransaction};
use punctual_testkit::job_store::OpenTransaction;
use sqlx::{Database, Pool, Transaction};

struct Open<D: Database>(Transaction<'static, D>);

/// Begins a transaction on a connection of this pool.
pub(crate) async fn begin<D: Database>(pool: &Pool<D>) -> Box<dyn OpenTransaction>
where
    D::Connection: Any + Send,
{
    Box::new(Open(pool.begin().await.expect("a database")))
}

impl<D: Database> OpenTransaction for Open<D>
where
    D::Connection: Any + Send,
{
    fn caller(&mut self) -> CallerTransaction<'_> {
        CallerTransaction::on(&mut *self.0)
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.0.commit().await.expect("the commit succeeds") })
    }

    fn roll_back(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.0.rollback().await.expect("the rollback succeeds") })
    }
}
