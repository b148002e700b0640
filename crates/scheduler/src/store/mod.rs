//! The job stores as the engine knows them: each with its clock, its failures, what was decoded of it, the history on
//! its way into it, and what it is to be told at the next pass.

mod cache;
mod clock;
mod corrupt;
mod failures;
mod history;
mod keep_history;
mod place;
mod settle;
mod slot;
mod time;
mod waiting;
mod watch;
mod zone_rules;
mod zones;

use std::sync::Arc;

use parking_lot::RwLock;
use punctual_core::Alias;

pub(crate) use self::cache::Decoded;
pub(crate) use self::clock::STEP;
pub(crate) use self::place::Place;
pub(crate) use self::settle::Unsettled;
pub(crate) use self::slot::Slot;
pub(crate) use self::waiting::Again;
pub(crate) use self::zones::Rules;
use crate::error::SchedulerError;

/// The stores of a scheduler, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Stores(RwLock<Arc<[Arc<Slot>]>>);

impl Stores {
    pub(crate) fn new(slots: impl IntoIterator<Item = Arc<Slot>>) -> Arc<Self> {
        Arc::new(Self(RwLock::new(slots.into_iter().collect())))
    }

    pub(crate) fn all(&self) -> Arc<[Arc<Slot>]> {
        Arc::clone(&self.0.read())
    }

    pub(crate) fn get(&self, alias: &Alias) -> Result<Arc<Slot>, SchedulerError> {
        let slots = self.0.read();
        let found = slots.iter().find(|slot| slot.alias == *alias);
        found.cloned().ok_or_else(|| SchedulerError::UnknownJobStore(alias.clone()))
    }

    /// The one of that alias, or all.
    pub(crate) fn of(&self, alias: Option<&Alias>) -> Result<Vec<Arc<Slot>>, SchedulerError> {
        match alias {
            Some(alias) => Ok(vec![self.get(alias)?]),
            None => Ok(self.all().to_vec()),
        }
    }

    /// Adds a store; false when there is one of its alias.
    pub(crate) fn add(&self, slot: &Arc<Slot>) -> bool {
        let mut slots = self.0.write();
        let is_new = !slots.iter().any(|known| known.alias == slot.alias);
        if is_new {
            *slots = slots.iter().chain([slot]).cloned().collect();
        }
        is_new
    }

    pub(crate) fn remove(&self, alias: &Alias) -> Option<Arc<Slot>> {
        let mut slots = self.0.write();
        let (gone, kept): (Vec<_>, Vec<_>) =
            slots.iter().cloned().partition(|known| known.alias == *alias);
        *slots = kept.into();
        gone.into_iter().next()
    }
}
