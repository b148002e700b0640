//! Being told of changes that others make.

use punctual_core::JobStore;

use crate::job_store::kit::{at, due};
use crate::job_store::{StoreFixture, Trial};

pub async fn a_change_by_another_is_told<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    let mut watch = t
        .store
        .watch()
        .await
        .expect("watching works")
        .expect("it can be watched");
    other.add([due("a", at(0))]).await;
    watch.changed().await.expect("the change is told");
    assert_eq!(
        t.next_wakeup().await,
        Some(at(0)),
        "and can be seen by then"
    );
    other.stop().await;
}
