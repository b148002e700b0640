//! The timer with which the driver sleeps.

use std::time::Duration;

use tokio::time::timeout;

/// Sleeps with the precision of the system's timers.
///
/// The timers of tokio count milliseconds and are rounded up, so a job would start about a millisecond late. On Linux a
/// [timerfd](https://man7.org/linux/man-pages/man2/timerfd_create.2.html) is used, which wakes the runtime itself within
/// some ten microseconds: no additional thread is needed. Other systems, and clocks that do not run in real time, use
/// tokio's timers.
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<timer::Timer>,
}

impl Alarm {
    /// Creates a timer for the current runtime.
    ///
    /// # Panics
    ///
    /// If `real_time` is set and the I/O of the runtime is not enabled.
    pub(super) fn new(real_time: bool) -> Self {
        #[cfg(target_os = "linux")]
        {
            let create = || {
                let created = timer::Timer::new();
                created
                    .inspect_err(|error| {
                        tracing::warn!(target: "punctual::scheduler", %error, "no timerfd is available: jobs start up to a millisecond late");
                    })
                    .ok()
            };
            Self { timer: real_time.then(create).flatten() }
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = real_time;
            Self {}
        }
    }

    /// Waits for a signal, at most for this time, which must not be zero.
    pub(super) async fn wait_for(&self, signal: impl Future<Output = ()>, time: Duration) {
        #[cfg(target_os = "linux")]
        if let Some(timer) = &self.timer {
            tokio::select! {
                biased;
                () = signal => {}
                () = timer.sleep(time) => {}
            }
            return;
        }
        // The signal and the timeout have the same effect.
        let _ = timeout(time, signal).await;
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use std::future::pending;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tokio::time::timeout;

    /// A timerfd that is registered with the runtime.
    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            #[expect(
                deprecated,
                reason = "unsound only for types that do not own their descriptor; its replacement is an unsafe function"
            )]
            AsyncFd::with_interest(timer, Interest::READABLE).map(Self)
        }

        pub(super) async fn sleep(&self, time: Duration) {
            if let Err(error) = self.try_sleep(time).await {
                tracing::warn!(target: "punctual::scheduler", %error, "the timerfd failed");
                let _ = timeout(time, pending::<()>()).await;
            }
        }

        async fn try_sleep(&self, time: Duration) -> io::Result<()> {
            // Replaces the time of an earlier sleep that was cancelled, with its expirations.
            let once = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec {
                    tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: time.subsec_nanos().into(),
                },
            };
            timerfd_settime(self.0.get_ref(), TimerfdTimerFlags::empty(), &once)?;
            loop {
                let mut readable = self.0.readable().await?;
                let mut expirations = [0; 8];
                let read = readable
                    .try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut expirations)?));
                // An error means that the readiness was that of an earlier sleep.
                if let Ok(read) = read {
                    return read.map(drop);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Instant;

    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    #[expect(clippy::disallowed_methods, reason = "a timer of the system is tested")]
    async fn duration_of(wait: impl Future<Output = ()>) -> Duration {
        let begin = Instant::now();
        wait.await;
        begin.elapsed()
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_signal_or_the_time() {
        for real_time in [false, true] {
            let alarm = Alarm::new(real_time);
            alarm.wait_for(ready(()), Duration::MAX).await;
            assert!(duration_of(alarm.wait_for(pending(), SHORT)).await >= SHORT);
        }
    }

    /// The timer of the first wait expires although its signal was received.
    #[tokio::test]
    async fn an_earlier_wait_does_not_end_a_later_one() {
        let alarm = Alarm::new(true);
        let expired = timeout(SHORT, pending::<()>());
        alarm.wait_for(async { drop(expired.await) }, Duration::from_nanos(1)).await;
        for _ in 0..3 {
            alarm.wait_for(ready(()), Duration::from_nanos(1)).await;
            assert!(duration_of(alarm.wait_for(pending(), SHORT)).await >= SHORT);
        }
    }
}
