//! Where the clock changes.

use std::collections::HashSet;

use punctual_core::{Zone, ZoneDatabase};

/// 1970 to 2100.
const END: i64 = 131 * 365 * 86_400;

/// A place on the line of time: an instant at which the offset of a zone changes, in UTC seconds.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) zone: Zone,
    pub(crate) at: i64,
}

/// Every change of offset from 1970 to 2100 that is in the bundled database, once however many zones share
/// it; for zones without any, the epoch. Makes that database the current one, for triggers to come back to.
pub(crate) fn all_transitions() -> Vec<Place> {
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
                all.push(Place { zone, at });
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
