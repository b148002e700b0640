//! An iterator over fire times.

use punctual_core::{Timestamp, Trigger};

use crate::builder::first_fire_at_or_after;

/// Iterator over the fire times of a trigger, in order; see [`TriggerExt::fires`](crate::TriggerExt::fires).
#[derive(Debug)]
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct FireTimes<'t, T: Trigger + ?Sized> {
    trigger: &'t T,
    from: Timestamp,
    previous: Option<Timestamp>,
    ended: bool,
}

impl<'t, T: Trigger + ?Sized> FireTimes<'t, T> {
    pub(super) fn new(trigger: &'t T, from: Timestamp) -> Self {
        Self { trigger, from, previous: None, ended: false }
    }
}

impl<T: Trigger + ?Sized> Iterator for FireTimes<'_, T> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        if self.ended {
            return None;
        }
        let next = match self.previous {
            None => first_fire_at_or_after(self.trigger, self.from),
            previous => self.trigger.next_fire_time(previous, self.from),
        };
        self.previous = next;
        self.ended = next.is_none();
        next
    }
}

impl<T: Trigger + ?Sized> std::iter::FusedIterator for FireTimes<'_, T> {}
