//! A flag with stages that tasks can wait for.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Initially at stage 0, and only raised. Each run has one, and few are waited for, so it is small while nobody waits.
#[derive(Debug, Default)]
pub(crate) struct Latch {
    stage: AtomicU8,
    wakers: Mutex<Option<Box<Wakers>>>,
}

/// The wakers of all stages: those that wait for a later stage register again.
#[derive(Debug)]
struct Wakers {
    first: Waker,
    others: Vec<Waker>,
}

impl Latch {
    /// Raises the latch to a stage, if it has not reached it.
    pub(crate) fn raise(&self, stage: u8) {
        self.stage.fetch_max(stage, Ordering::AcqRel);
        let wakers = self.wakers().take();
        if let Some(wakers) = wakers {
            wakers.first.wake();
            wakers.others.into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn has_reached(&self, stage: u8) -> bool {
        self.stage.load(Ordering::Acquire) >= stage
    }

    /// Registers a waker, unless the latch has reached the stage. Returns whether it has.
    pub(crate) fn register(&self, stage: u8, waker: &Waker) -> bool {
        if self.has_reached(stage) {
            return true;
        }
        let mut wakers = self.wakers();
        // `raise` stores the stage before it takes the wakers. Checking the stage again under the lock therefore can't miss a
        // wakeup.
        if self.has_reached(stage) {
            return true;
        }
        match wakers.as_deref_mut() {
            None => *wakers = Some(Box::new(Wakers { first: waker.clone(), others: Vec::new() })),
            Some(wakers) if wakers.contains(waker) => {}
            Some(wakers) => wakers.others.push(waker.clone()),
        }
        false
    }

    /// Waits until the latch has reached a stage.
    pub(crate) async fn wait(&self, stage: u8) {
        poll_fn(|context| match self.register(stage, context.waker()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    fn wakers(&self) -> std::sync::MutexGuard<'_, Option<Box<Wakers>>> {
        self.wakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wakers {
    fn contains(&self, waker: &Waker) -> bool {
        self.first.will_wake(waker) || self.others.iter().any(|other| other.will_wake(waker))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::{Context, Wake};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_stage_ends_the_waits_for_it_and_for_earlier_ones() {
        let latch = Latch::default();
        let counts = [(); 3].map(|()| Arc::new(Count::default()));
        let wakers = counts.clone().map(Waker::from);
        let [mut first, mut other, mut second] = [1, 1, 2].map(|stage| Box::pin(latch.wait(stage)));
        let mut is_ready = |number: usize| {
            let mut context = Context::from_waker(&wakers[number]);
            let wait = [&mut first, &mut other, &mut second].into_iter().nth(number).unwrap();
            pin!(wait).poll(&mut context).is_ready()
        };
        let woken = || counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));
        assert!(!(0..3).any(&mut is_ready));
        // A waker that is registered already is woken once.
        assert!(!is_ready(0));

        latch.raise(1);
        assert_eq!(woken(), [1, 1, 1]);
        assert!(is_ready(0) && is_ready(1) && !is_ready(2));

        latch.raise(2);
        assert_eq!(woken(), [1, 1, 2]);
        assert!(is_ready(2));
        latch.raise(1);
        assert!(latch.has_reached(2));
    }
}
