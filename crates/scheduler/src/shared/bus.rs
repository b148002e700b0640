//! Delivers events to listeners and streams.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use punctual_core::{Event, EventMask};

use super::failure_log::FailureLog;
use super::metrics;
use super::stream::{EventStream, StreamState};

/// Identifies a listener; used to remove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

/// The target of the records about all events.
const EVENT_TARGET: &str = "punctual::event";

type Callback = dyn Fn(&Event) + Send + Sync;

/// Delivers events to listeners and streams.
///
/// Listeners are called on a separate thread, so that a listener that is slow or calls the scheduler does not block the
/// scheduler. They are called in the order in which they were added. All listeners have processed an event before the
/// next event is delivered.
#[derive(Default)]
pub(crate) struct EventBus {
    /// The kinds of events that have subscribers. Other events are not created.
    subscribed: AtomicU32,
    next_id: AtomicU64,
    subscribers: Mutex<Subscribers>,
    queue: Arc<Queue>,
    thread: Mutex<Option<(JoinHandle<()>, ThreadId)>>,
    pub(crate) failure_log: FailureLog,
}

#[derive(Default)]
struct Subscribers {
    listeners: Vec<Listener>,
    streams: Vec<(EventMask, Weak<StreamState>)>,
}

#[derive(Clone)]
struct Listener {
    id: ListenerId,
    mask: EventMask,
    callback: Arc<Callback>,
}

/// Queue of events for the listener thread.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<(Event, Vec<Arc<Callback>>)>,
    busy: bool,
    closed: bool,
}

impl QueueState {
    /// Whether any event is queued or being processed by listeners.
    fn has_undelivered(&self) -> bool {
        self.busy || !self.waiting.is_empty()
    }
}

impl EventBus {
    /// Whether this kind of event is delivered or logged, so that it must be created.
    pub(crate) fn is_wanted(&self, kind: EventMask) -> bool {
        self.has_subscriber(kind)
            || tracing::event_enabled!(target: EVENT_TARGET, tracing::Level::DEBUG)
    }

    /// Whether any listener or stream subscribes to this kind of event.
    fn has_subscriber(&self, kind: EventMask) -> bool {
        self.subscribed.load(Ordering::Relaxed) & kind.bits() != 0
    }

    pub(crate) fn add_listener(&self, mask: EventMask, callback: Arc<Callback>) -> ListenerId {
        let id = ListenerId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let mut subscribers = self.subscribers.lock();
        subscribers.listeners.push(Listener { id, mask, callback });
        self.update_subscribed(&mut subscribers);
        id
    }

    pub(crate) fn remove_listener(&self, id: ListenerId) -> bool {
        let mut subscribers = self.subscribers.lock();
        let before = subscribers.listeners.len();
        subscribers.listeners.retain(|listener| listener.id != id);
        let removed = subscribers.listeners.len() < before;
        self.update_subscribed(&mut subscribers);
        removed
    }

    pub(crate) fn stream(&self, mask: EventMask) -> EventStream {
        let (stream, state) = EventStream::new();
        let mut subscribers = self.subscribers.lock();
        subscribers.streams.push((mask, Arc::downgrade(&state)));
        self.update_subscribed(&mut subscribers);
        stream
    }

    fn update_subscribed(&self, subscribers: &mut Subscribers) {
        subscribers.streams.retain(|(_, stream)| stream.strong_count() > 0);
        let masks = subscribers.listeners.iter().map(|listener| listener.mask);
        let masks = masks.chain(subscribers.streams.iter().map(|(mask, _)| *mask));
        let subscribed = masks.fold(EventMask::NONE, |all, mask| all | mask);
        self.subscribed.store(subscribed.bits(), Ordering::Relaxed);
    }

    /// Delivers an event to its subscribers.
    pub(crate) fn emit(&self, event: Event) {
        if self.log_and_check(&event) {
            let has_listeners = self.send(event, &mut self.subscribers.lock());
            self.wake_listeners(has_listeners);
        }
    }

    /// Delivers an event to its subscribers, and closes all streams. It is their last event.
    pub(crate) fn emit_last(&self, event: Event) {
        // Both under one lock, so that no other event is delivered in between.
        let mut subscribers = self.subscribers.lock();
        let has_listeners = self.log_and_check(&event) && self.send(event, &mut subscribers);
        close_streams(&mut subscribers);
        self.update_subscribed(&mut subscribers);
        drop(subscribers);
        self.wake_listeners(has_listeners);
    }

    fn log_and_check(&self, event: &Event) -> bool {
        let code = event.mask();
        tracing::debug!(target: EVENT_TARGET, kind = %code, "{}", event.without_details());
        self.failure_log.record(event, code);
        metrics::event(event);
        self.has_subscriber(code)
    }

    /// Delivers an event to the streams and queues it for the listeners. Returns whether any listener subscribes to it.
    fn send(&self, event: Event, subscribers: &mut Subscribers) -> bool {
        let code = event.mask();
        let mut has_dropped = false;
        for (mask, stream) in &subscribers.streams {
            match stream.upgrade() {
                Some(stream) if mask.intersects(code) => stream.push(event.clone()),
                Some(_) => {}
                None => has_dropped = true,
            }
        }
        let callbacks: Vec<_> = subscribers
            .listeners
            .iter()
            .filter(|listener| listener.mask.intersects(code))
            .map(|listener| Arc::clone(&listener.callback))
            .collect();
        if has_dropped {
            self.update_subscribed(subscribers);
        }
        // Queued under the lock, so that all listeners receive events in the same order.
        let has_listeners = !callbacks.is_empty();
        if has_listeners {
            self.queue.state.lock().waiting.push_back((event, callbacks));
        }
        has_listeners
    }

    fn wake_listeners(&self, has_listeners: bool) {
        if has_listeners {
            self.queue.changed.notify_all();
            self.ensure_thread();
        }
    }

    fn ensure_thread(&self) {
        let mut thread = self.thread.lock();
        if thread.as_ref().is_some_and(|(handle, _)| !handle.is_finished()) {
            return;
        }
        self.queue.state.lock().closed = false;
        let queue = Arc::clone(&self.queue);
        let spawned = thread::Builder::new()
            .name("punctual-events".into())
            .spawn(move || queue.dispatch_loop());
        match spawned {
            Ok(handle) => {
                let id = handle.thread().id();
                *thread = Some((handle, id));
            }
            Err(error) => {
                tracing::error!(target: "punctual::scheduler", %error, "the listener thread could not be started")
            }
        }
    }

    /// Whether all events emitted so far have been processed by the listeners. Also `true` on the listener thread, which
    /// can't wait for itself.
    pub(crate) fn is_flushed(&self) -> bool {
        let own = self.thread.lock().as_ref().map(|(_, id)| *id);
        own.is_none_or(|own| own == thread::current().id())
            || !self.queue.state.lock().has_undelivered()
    }

    /// Number of events that wait for the listener thread.
    pub(crate) fn queued(&self) -> usize {
        self.queue.state.lock().waiting.len()
    }

    /// Waits until all events emitted so far have been processed by the listeners, up to `timeout`. Returns immediately
    /// on the listener thread.
    pub(crate) fn flush(&self, timeout: Duration) {
        if self.is_flushed() {
            return;
        }
        let mut state = self.queue.state.lock();
        self.queue.changed.wait_while_for(&mut state, |state| state.has_undelivered(), timeout);
    }
}

/// Closes the existing streams. Streams created later receive the events of the next start.
fn close_streams(subscribers: &mut Subscribers) {
    for (_, stream) in subscribers.streams.drain(..) {
        if let Some(stream) = stream.upgrade() {
            stream.close();
        }
    }
}

impl Drop for EventBus {
    fn drop(&mut self) {
        close_streams(self.subscribers.get_mut());
        self.queue.state.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn dispatch_loop(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some((event, callbacks)) = state.waiting.pop_front() {
                state.busy = true;
                drop(state);
                for callback in callbacks {
                    if catch_unwind(AssertUnwindSafe(|| callback(&event))).is_err() {
                        tracing::error!(target: "punctual::scheduler", event = %event.mask(), "a listener panicked");
                    }
                }
                state = self.state.lock();
                state.busy = false;
                self.changed.notify_all();
            } else if state.closed {
                return;
            } else {
                self.changed.wait(&mut state);
            }
        }
    }
}
