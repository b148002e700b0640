//! A one-shot flag that tasks can wait for.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Initially unset. Once set, it remains set.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    set: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

impl Latch {
    pub(crate) fn set(&self) {
        self.set.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut *self.wakers());
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|context| {
            if self.is_set() {
                return Poll::Ready(());
            }
            let mut wakers = self.wakers();
            // `set` stores the flag before it takes the list of wakers. Checking the flag again under the lock
            // therefore can't miss a wakeup.
            if self.is_set() {
                return Poll::Ready(());
            }
            if !wakers.iter().any(|registered| registered.will_wake(context.waker())) {
                wakers.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    fn wakers(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
