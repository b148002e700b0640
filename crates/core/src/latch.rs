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

    /// Registers a waker, unless the latch is set. Returns whether it is.
    pub(crate) fn register(&self, waker: &Waker) -> bool {
        if self.is_set() {
            return true;
        }
        let mut wakers = self.wakers();
        // `set` stores the flag before it takes the list of wakers. Checking the flag again under the lock
        // therefore can't miss a wakeup.
        if self.is_set() {
            return true;
        }
        if !wakers.iter().any(|registered| registered.will_wake(waker)) {
            wakers.push(waker.clone());
        }
        false
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|context| match self.register(context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    fn wakers(&self) -> std::sync::MutexGuard<'_, Vec<Waker>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
