//! The modes of a [`SyncScheduler`](crate::SyncScheduler): marker types that distinguish the schedulers.

/// The mode of a [`BackgroundScheduler`](crate::BackgroundScheduler).
#[derive(Clone, Copy, Debug)]
pub struct Background;

/// The mode of a [`BlockingScheduler`](crate::BlockingScheduler).
#[derive(Clone, Copy, Debug)]
pub struct Blocking;

/// The mode of a [`SchedulerHandle`](crate::SchedulerHandle).
#[derive(Clone, Copy, Debug)]
pub struct Handle;
