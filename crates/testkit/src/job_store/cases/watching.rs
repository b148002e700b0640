//! Being told of changes that others make.

use std::time::Duration;

use punctual_core::JobStore;

use crate::job_store::kit::{at, due};
use crate::job_store::{StoreFixture, Trial};

/// How long a change may be on its way: the one place where a case can wait, and only to fail.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn a_change_by_another_is_told<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    let mut watch = t.store.watch().await.expect("watching works").expect("it can be watched");
    other.add([due("a", at(0))]).await;
    let told = tokio::time::timeout(PATIENCE, watch.changed()).await;
    told.expect("the change is told in time").expect("watching works");
    assert_eq!(t.next_wakeup().await, Some(at(0)), "and can be seen by then");
    other.stop().await;
}
