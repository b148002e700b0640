//! Job ids, derived from the content of entries.

use std::collections::BTreeSet;

use punctual::{Trigger, Zone};

use crate::crontab::{Entry, Schedule};

/// The maximum length of the readable prefix of an id.
const MAX_SLUG_LEN: usize = 60;

/// Generates a unique, stable job id for each entry: a readable prefix of the command, and a hash of schedule, time
/// zone, user and command. A counter distinguishes identical entries.
#[derive(Debug, Default)]
pub(super) struct JobIds(BTreeSet<String>);

impl JobIds {
    pub(super) fn generate(&mut self, entry: &Entry) -> String {
        let (expression, zone) = match &entry.schedule {
            Schedule::Reboot => ("@reboot", ""),
            Schedule::Times { expression, trigger } => {
                (&**expression, trigger.zone().map_or("", Zone::name))
            }
        };
        let user = entry.user.as_deref().unwrap_or_default();
        let hash = stable_hash([expression, zone, user, &entry.command]);
        let first = format!("{}-{hash:016x}", slug(&entry.command));
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

/// The readable prefix of an id: the first words of the command, joined by dashes.
fn slug(command: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let words = command.split(|c| !is_part(c)).filter(|word| !word.is_empty());
    let mut slug = words.collect::<Vec<_>>().join("-");
    slug.truncate(MAX_SLUG_LEN);
    slug
}

/// FNV-1a over the parts, each terminated by a byte that UTF-8 does not contain. Unlike the standard library's hashers,
/// it is the same in every version and on every machine.
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
        let mut ids = JobIds::default();
        crontab.entries.iter().map(|entry| ids.generate(entry)).collect()
    }

    #[test]
    fn the_hash_is_stable() {
        assert_eq!(stable_hash([]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(stable_hash(["a"]), 0x089b_c907_b544_c769);
        assert_ne!(stable_hash(["ab", "c"]), stable_hash(["a", "bc"]));
    }

    #[test]
    fn ids_depend_only_on_schedule_zone_user_and_command() {
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
        let assert_slug = |command: &str, expected: &str| {
            let id = &ids(&format!("@daily {command}"))[0];
            let (before, hash) = id.rsplit_once('-').unwrap();
            assert_eq!((before, hash.len()), (expected, 16), "{id}");
        };
        assert_slug(
            "cd / && run-parts --report /etc/cron.daily",
            "cd-run-parts-report-etc-cron.daily",
        );
        assert_slug("/usr/bin/größe", "usr-bin-gr-e");
        assert_slug("[", "");
        assert_slug(&"long".repeat(100), &"long".repeat(15));
    }

    #[test]
    fn equal_lines_have_different_ids() {
        let three = ids("@daily a\n@daily a\n@daily b\n@daily a");
        let distinct: BTreeSet<_> = three.iter().collect();
        assert_eq!(distinct.len(), 4);
        assert_eq!(three[1], format!("{}-2", three[0]));
        assert_eq!(three[3], format!("{}-3", three[0]));
    }
}
