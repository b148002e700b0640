//! A listener that records events, and their representation as text.

use std::sync::Arc;

use parking_lot::{Condvar, Mutex};
use punctual_core::Event;

use super::TIMEOUT;

/// A listener that records all events; clones share the record.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<(Mutex<Vec<Event>>, Condvar)>);

impl Recorder {
    pub(crate) fn listener(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let shared = Arc::clone(&self.0);
        move |event| {
            shared.0.lock().push(event.clone());
            shared.1.notify_all();
        }
    }

    /// Returns all events so far.
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.0.lock().clone()
    }

    /// Returns all events so far as text, except those of added components.
    pub(crate) fn event_lines(&self) -> Vec<String> {
        self.all().iter().map(brief).filter(|text| !text.starts_with("EXECUTOR")).collect()
    }

    /// Returns the events whose text begins with `kind`.
    pub(crate) fn with_prefix(&self, kind: &str) -> Vec<String> {
        self.event_lines().into_iter().filter(|text| text.starts_with(kind)).collect()
    }

    pub(crate) fn clear(&self) {
        self.0.0.lock().clear();
    }

    /// Waits for an event whose text begins with `text`.
    pub(crate) fn wait(&self, text: &str) -> Event {
        self.wait_for(text, |events| {
            events.iter().find(|event| brief(event).starts_with(text)).cloned()
        })
    }

    /// Waits for `count` events whose text begins with `text`.
    pub(crate) fn wait_count(&self, text: &str, count: usize) {
        self.wait_for(text, |events| {
            let found = events.iter().filter(|event| brief(event).starts_with(text)).count();
            (found >= count).then_some(())
        });
    }

    fn wait_for<T>(&self, what: &str, find: impl Fn(&[Event]) -> Option<T>) -> T {
        let (events, changed) = &*self.0;
        let mut events = events.lock();
        loop {
            if let Some(found) = find(&events) {
                return found;
            }
            let timed_out = changed.wait_for(&mut events, TIMEOUT).timed_out();
            let lines: Vec<_> = events.iter().map(brief).collect();
            assert!(!timed_out, "{what} was not emitted: {lines:#?}");
        }
    }
}

/// Returns the kind of the event and its subject.
pub(crate) fn brief(event: &Event) -> String {
    let code = event.mask();
    let about = match event {
        Event::ExecutorAdded(alias)
        | Event::ExecutorRemoved(alias)
        | Event::JobStoreAdded(alias)
        | Event::JobStoreRemoved(alias)
        | Event::JobStoreRecovered(alias)
        | Event::LeaseLost(alias)
        | Event::JobStoreFailed { job_store: alias, .. } => alias.to_string(),
        Event::JobAdded(job)
        | Event::JobRemoved(job)
        | Event::JobModified(job)
        | Event::JobUnresolved { job, .. } => job.job_id.to_string(),
        Event::JobExecuted(run)
        | Event::JobError(run)
        | Event::JobSubmitted(run)
        | Event::JobDeadLettered(run)
        | Event::JobRetryScheduled { run, .. }
        | Event::JobRecovered(run) => run.job.job_id.to_string(),
        Event::JobMissed(skipped)
        | Event::JobMaxInstances(skipped)
        | Event::JobCoalesced(skipped) => skipped.job.job_id.to_string(),
        Event::Lagged(count) => count.to_string(),
        _ => return code.to_string(),
    };
    format!("{code} {about}")
}
