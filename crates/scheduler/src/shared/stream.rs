//! Events as an async stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::stream::{FusedStream, Stream};
use parking_lot::Mutex;
use punctual_core::Event;

/// How many events a stream holds for a slow reader before it drops the oldest.
const CAPACITY: usize = 65_536;

/// Events as they happen, for async code; from [`AsyncScheduler::events`](crate::AsyncScheduler::events).
///
/// It holds 65,536 events for a slow reader; beyond that the oldest are dropped and
/// [`Event::Lagged`] says how many.
///
/// It ends when the scheduler has been shut down: [`Event::SchedulerShutdown`] is its last event, if its mask
/// has that one. It ends as well when the scheduler is dropped. After a shutdown, take a new stream for
/// the next start.
///
/// It is a [`Stream`], for the combinators of the `futures` and `tokio-stream` crates.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct EventStream(Arc<StreamState>);

/// What a stream and the bus share.
#[derive(Debug, Default)]
pub(super) struct StreamState(Mutex<Buffer>);

#[derive(Debug, Default)]
struct Buffer {
    events: VecDeque<Event>,
    dropped: u64,
    /// No event will follow.
    is_closed: bool,
    /// Who waits for the next event.
    waker: Option<Waker>,
}

impl StreamState {
    pub(super) fn push(&self, event: Event) {
        let mut buffer = self.0.lock();
        if buffer.events.len() == CAPACITY {
            buffer.events.pop_front();
            buffer.dropped += 1;
        }
        buffer.events.push_back(event);
        let waker = buffer.waker.take();
        drop(buffer);
        waker.inspect(Waker::wake_by_ref);
    }

    /// No event will follow.
    pub(super) fn close(&self) {
        let mut buffer = self.0.lock();
        buffer.is_closed = true;
        let waker = buffer.waker.take();
        drop(buffer);
        waker.inspect(Waker::wake_by_ref);
    }
}

impl Buffer {
    fn pop(&mut self) -> Option<Event> {
        if self.dropped > 0 {
            return Some(Event::Lagged(std::mem::take(&mut self.dropped)));
        }
        self.events.pop_front()
    }
}

impl EventStream {
    pub(super) fn new() -> (Self, Arc<StreamState>) {
        let state = Arc::<StreamState>::default();
        (Self(Arc::clone(&state)), state)
    }

    /// Waits for the next event; `None` when the stream has ended. Safe to cancel: no event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll(context)).await
    }

    /// The next event, if one is buffered. `None` means that nothing is buffered at the moment; whether more
    /// can come is told by [`is_ended`](Self::is_ended).
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.0.lock().pop()
    }

    /// Whether the stream has ended: nothing is buffered, and no event will follow.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        let buffer = self.0.0.lock();
        buffer.is_closed && buffer.dropped == 0 && buffer.events.is_empty()
    }

    fn poll(&self, context: &Context<'_>) -> Poll<Option<Event>> {
        let mut buffer = self.0.0.lock();
        if let Some(event) = buffer.pop() {
            return Poll::Ready(Some(event));
        }
        if buffer.is_closed {
            return Poll::Ready(None);
        }
        if !buffer.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            buffer.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let buffer = self.0.0.lock();
        let held = buffer.events.len() + usize::from(buffer.dropped > 0);
        (held, buffer.is_closed.then_some(held))
    }
}

impl FusedStream for EventStream {
    fn is_terminated(&self) -> bool {
        self.is_ended()
    }
}
