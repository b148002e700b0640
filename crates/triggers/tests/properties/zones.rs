//! The transitions of all zones.

use std::collections::HashSet;

use punctual_core::{Zone, ZoneDatabase};

/// The end of the tested years, 1970 to 2100, in UTC seconds.
const END: i64 = 131 * 365 * 86_400;

/// A transition: a zone and the instant of the transition in UTC seconds.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) zone: Zone,
    pub(crate) at: i64,
}

/// Returns all transitions from 1970 to 2100 in the bundled database. A transition that several zones have in common is
/// returned once; for zones without a transition, the epoch is returned. Installs the bundled database as the current
/// one, with which triggers are restored.
pub(crate) fn all_transitions() -> Vec<Transition> {
    let database = ZoneDatabase::bundled();
    database.clone().install();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for name in database.names() {
        let zone = database.get(&name).unwrap();
        for at in transitions(&zone) {
            let span = zone.span_at(at);
            if seen.insert((at, span.offset_before, span.offset)) {
                let zone = zone.clone();
                all.push(Transition { zone, at });
            }
        }
    }
    all
}

fn transitions(zone: &Zone) -> Vec<i64> {
    let ends = std::iter::successors(Some(0), |&at| Some(zone.span_at(at).end));
    let found: Vec<_> = ends.skip(1).take_while(|&at| at < END).collect();
    if found.is_empty() { vec![0] } else { found }
}
