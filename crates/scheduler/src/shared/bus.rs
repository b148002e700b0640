//! Tells listeners and streams what happened.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use punctual_core::{Event, EventMask};

use super::stream::{EventStream, StreamState};

/// Identifies a listener, to remove it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListenerId(u64);

type Callback = dyn Fn(&Event) + Send + Sync;

/// Hands events to listeners, on a thread of their own, and to streams.
///
/// Listeners have a thread of their own so that one that is slow, or that calls the scheduler, delays or
/// blocks nothing else. They are called in the order in which they were added, each event to the end
/// before the next.
#[derive(Default)]
pub(crate) struct EventBus {
    /// The kinds that anybody wants, so that nobody makes an event that nobody hears.
    wanted: AtomicU32,
    next_id: AtomicU64,
    targets: Mutex<Targets>,
    queue: Arc<Queue>,
    thread: Mutex<Option<(JoinHandle<()>, ThreadId)>>,
}

#[derive(Default)]
struct Targets {
    listeners: Vec<Listener>,
    streams: Vec<(EventMask, Weak<StreamState>)>,
}

#[derive(Clone)]
struct Listener {
    id: ListenerId,
    mask: EventMask,
    callback: Arc<Callback>,
}

/// Events on their way to the listeners' thread.
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
    /// Whether there are events that listeners have not heard to the end.
    fn is_behind(&self) -> bool {
        self.busy || !self.waiting.is_empty()
    }
}

impl EventBus {
    /// Whether an event of this kind would be heard.
    pub(crate) fn wants(&self, kind: EventMask) -> bool {
        self.wanted.load(Ordering::Relaxed) & kind.bits() != 0
    }

    pub(crate) fn add_listener(&self, mask: EventMask, callback: Arc<Callback>) -> ListenerId {
        let id = ListenerId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let mut targets = self.targets.lock();
        targets.listeners.push(Listener { id, mask, callback });
        self.count(&mut targets);
        id
    }

    pub(crate) fn remove_listener(&self, id: ListenerId) -> bool {
        let mut targets = self.targets.lock();
        let before = targets.listeners.len();
        targets.listeners.retain(|listener| listener.id != id);
        let removed = targets.listeners.len() < before;
        self.count(&mut targets);
        removed
    }

    pub(crate) fn stream(&self, mask: EventMask) -> EventStream {
        let (stream, state) = EventStream::new();
        let mut targets = self.targets.lock();
        targets.streams.push((mask, Arc::downgrade(&state)));
        self.count(&mut targets);
        stream
    }

    fn count(&self, targets: &mut Targets) {
        targets.streams.retain(|(_, stream)| stream.strong_count() > 0);
        let masks = targets.listeners.iter().map(|listener| listener.mask);
        let masks = masks.chain(targets.streams.iter().map(|(mask, _)| *mask));
        let wanted = masks.fold(EventMask::NONE, |all, mask| all | mask);
        self.wanted.store(wanted.bits(), Ordering::Relaxed);
    }

    /// Tells everybody who wants it.
    pub(crate) fn emit(&self, event: Event) {
        if self.is_wanted(&event) {
            let has_listeners = self.send(event, &mut self.targets.lock());
            self.wake_listeners(has_listeners);
        }
    }

    /// Tells everybody who wants it, and ends the streams: it is their last event.
    pub(crate) fn emit_last(&self, event: Event) {
        // Under one lock, so that no other event comes in between.
        let mut targets = self.targets.lock();
        let has_listeners = self.is_wanted(&event) && self.send(event, &mut targets);
        close_all(&mut targets);
        self.count(&mut targets);
        drop(targets);
        self.wake_listeners(has_listeners);
    }

    fn is_wanted(&self, event: &Event) -> bool {
        let code = event.code();
        // The kind only: values and errors that jobs return can be secrets.
        tracing::debug!(target: "punctual::event", %code);
        self.wants(code)
    }

    /// Hands an event to the streams, and queues it for the listeners; whether any of these wants it.
    fn send(&self, event: Event, targets: &mut Targets) -> bool {
        let code = event.code();
        let mut gone = false;
        for (mask, stream) in &targets.streams {
            match stream.upgrade() {
                Some(stream) if mask.intersects(code) => stream.push(event.clone()),
                Some(_) => {}
                None => gone = true,
            }
        }
        let callbacks: Vec<_> = targets
            .listeners
            .iter()
            .filter(|listener| listener.mask.intersects(code))
            .map(|listener| Arc::clone(&listener.callback))
            .collect();
        if gone {
            self.count(targets);
        }
        // Queued under the lock, so that listeners hear events in one order.
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
        let spawned =
            thread::Builder::new().name("punctual-events".into()).spawn(move || queue.serve());
        match spawned {
            Ok(handle) => {
                let id = handle.thread().id();
                *thread = Some((handle, id));
            }
            Err(error) => tracing::error!(%error, "the listeners' thread could not be started"),
        }
    }

    /// Whether there is nothing to wait for: every event so far has been heard, or a listener itself is asking.
    pub(crate) fn is_flushed(&self) -> bool {
        let own = self.thread.lock().as_ref().map(|(_, id)| *id);
        own.is_none_or(|own| own == thread::current().id()) || !self.queue.state.lock().is_behind()
    }

    /// Waits until every event so far has been heard, at most this long; not when a listener itself is
    /// asking.
    pub(crate) fn flush(&self, timeout: Duration) {
        if self.is_flushed() {
            return;
        }
        let mut state = self.queue.state.lock();
        self.queue.changed.wait_while_for(&mut state, |state| state.is_behind(), timeout);
    }
}

/// Ends the streams there are; those that are taken later are for the next start.
fn close_all(targets: &mut Targets) {
    for (_, stream) in targets.streams.drain(..) {
        if let Some(stream) = stream.upgrade() {
            stream.close();
        }
    }
}

impl Drop for EventBus {
    fn drop(&mut self) {
        close_all(self.targets.get_mut());
        self.queue.state.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn serve(&self) {
        let mut state = self.state.lock();
        loop {
            if let Some((event, callbacks)) = state.waiting.pop_front() {
                state.busy = true;
                drop(state);
                for callback in callbacks {
                    if catch_unwind(AssertUnwindSafe(|| callback(&event))).is_err() {
                        tracing::error!(event = %event.code(), "a listener panicked; the others go on");
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
