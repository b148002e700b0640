//! Events as an async stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_core::stream::{FusedStream, Stream};
use parking_lot::Mutex;
use punctual_core::Event;

/// Maximum number of buffered events. Beyond it, the oldest are dropped.
const CAPACITY: usize = 65_536;

/// An async stream of events, returned by [`AsyncScheduler::events`](crate::AsyncScheduler::events).
///
/// It buffers up to 65,536 events. If the reader is slower, the oldest events are dropped, and the next event is
/// [`Event::Lagged`] with their number.
///
/// The stream ends when the scheduler has been shut down or is dropped. After a shutdown, its last event is
/// [`Event::SchedulerShutdown`], if the mask includes it. A stream does not continue after a restart of the scheduler:
/// create a new one.
///
/// It implements [`Stream`], so it can be used with the combinators of the `futures` and `tokio-stream` crates.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct EventStream(Arc<StreamState>);

/// The state shared by a stream and the event bus.
#[derive(Debug, Default)]
pub(super) struct StreamState(Mutex<Buffer>);

#[derive(Debug, Default)]
struct Buffer {
    events: VecDeque<Event>,
    dropped: u64,
    /// The bus delivers no more events.
    is_closed: bool,
    /// The waker of the task that waits for the next event.
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

    /// Closes the stream: no more events are delivered.
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

    /// Waits for the next event. Returns `None` if the stream has ended. This method is cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Returns the next event if one is buffered, without waiting. After `None`, further events may follow unless
    /// [`is_ended`](Self::is_ended) returns `true`.
    pub fn try_next(&mut self) -> Option<Event> {
        self.0.0.lock().pop()
    }

    /// Whether the stream has ended: no event is buffered, and no further event will be delivered.
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
