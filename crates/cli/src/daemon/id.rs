//! Ids of jobs, made from what a line says.

use std::collections::BTreeSet;

use punctual::{Trigger, Zone};

use crate::crontab::{Entry, Schedule};

/// How long the part of an id is that people read.
const READABLE: usize = 60;

/// Gives each entry an id of its own, the same at every start: from when, where on the clock, as whom and what
/// it runs, after some of the command for those who read the log. Lines that say the same are told apart by
/// their order.
#[derive(Debug, Default)]
pub(super) struct Ids(BTreeSet<String>);

impl Ids {
    pub(super) fn of(&mut self, entry: &Entry) -> String {
        let (expression, zone) = match &entry.schedule {
            Schedule::Reboot => ("@reboot", ""),
            Schedule::Times { expression, trigger } => {
                (&**expression, trigger.zone().map_or("", Zone::name))
            }
        };
        let user = entry.user.as_deref().unwrap_or_default();
        let hash = stable_hash([expression, zone, user, &entry.command]);
        let first = format!("{}-{hash:016x}", readable(&entry.command));
        let mut id = first.clone();
        for again in 2.. {
            if self.0.insert(id.clone()) {
                break;
            }
            id = format!("{first}-{again}");
        }
        id
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}

/// What people recognize a command by: its first words, with dashes.
fn readable(command: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let words = command.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    let mut readable = words.collect::<Vec<_>>().join("-");
    readable.truncate(READABLE);
    readable
}

/// FNV-1a over the parts, each closed by a byte that no text has: the same in every version and on every
/// machine, which the standard library's hashers don't promise.
pub(super) fn stable_hash<'t>(parts: impl IntoIterator<Item = &'t str>) -> u64 {
    let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crontab::{Crontab, Format};

    fn ids(text: &str) -> Vec<String> {
        let crontab = Crontab::parse("tab", text, Format::User, &Zone::utc()).unwrap();
        let mut ids = Ids::default();
        crontab.entries.iter().map(|entry| ids.of(entry)).collect()
    }

    #[test]
    fn the_hash_never_changes() {
        assert_eq!(stable_hash([]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stable_hash(["a"]), 0x089b_c907_b544_c769);
        assert_ne!(stable_hash(["ab", "c"]), stable_hash(["a", "bc"]));
    }

    #[test]
    fn ids_depend_on_what_a_line_says_and_on_nothing_else() {
        let plain = ids("0 1 * * * a");
        assert_eq!(ids("# more\nX=1\n 0  1 * * *\ta"), plain);
        for other in [
            "1 1 * * * a",
            "0 1 * * * b",
            "0 1 * * * a%x",
            "CRON_TZ=Asia/Tokyo\n0 1 * * * a",
            "@reboot a",
        ] {
            assert_ne!(ids(other), plain, "{other}");
        }
    }

    #[test]
    fn ids_begin_with_the_command() {
        let begins = |command: &str, readable: &str| {
            let id = &ids(&format!("@daily {command}"))[0];
            let (before, hash) = id.rsplit_once('-').unwrap();
            assert_eq!((before, hash.len()), (readable, 16), "{id}");
        };
        begins("cd / && run-parts --report /etc/cron.daily", "cd-run-parts-report-etc-cron.daily");
        begins("/usr/bin/größe", "usr-bin-gr-e");
        begins("[", "");
        begins(&"long".repeat(100), &"long".repeat(15));
    }

    #[test]
    fn equal_lines_have_ids_of_their_own() {
        let three = ids("@daily a\n@daily a\n@daily b\n@daily a");
        let distinct: BTreeSet<_> = three.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(three[1], format!("{}-2", three[0]));
        assert_eq!(three[3], format!("{}-3", three[0]));
    }
}
