//! A refresh of the zone database: triggers that are restored afterwards use the new rules.

use std::path::Path;

use punctual_core::{Timestamp, Trigger, TriggerRegistry, ZoneDatabase};
use punctual_triggers::{CronTrigger, ExceptExt, OrTrigger, TriggerExt, register_builtin_triggers};

/// Writes a zone file (RFC 9636) that contains only a yearly rule.
fn write_zone(path: &Path, rule: &str) {
    let header = |version: u8| {
        let counts = [0_u32, 0, 0, 0, 1, 4].map(u32::to_be_bytes).concat();
        [b"TZif".as_slice(), &[version], &[0; 15], &counts].concat()
    };
    let block = [0, 0, 0, 0, 0, 0, b'U', b'T', b'C', 0];
    let footer = format!("\n{rule}\n");
    let file = [&header(b'2'), block.as_slice(), &header(b'2'), &block, footer.as_bytes()].concat();
    std::fs::write(path, file).unwrap();
}

/// 2026-07-01 00:00 in UTC.
const JULY: Timestamp = Timestamp::from_seconds(1_782_864_000);

#[test]
fn restored_triggers_use_the_current_rules_of_their_zone() {
    ZoneDatabase::bundled().install();
    let old = ZoneDatabase::current();
    let nightly = || CronTrigger::builder().hour(3).timezone("Europe/Helsinki");
    let trigger = OrTrigger::of(nightly().except(chrono::Weekday::Sun)).build().unwrap();
    let planned = trigger.next_fire_time(None, JULY).unwrap();
    assert_eq!(planned.to_string(), "2026-07-01T00:00:00Z");
    let (spec, fingerprint) = (trigger.spec(), trigger.rules_fingerprint());

    // Finland stays on standard time permanently.
    let directory = std::env::temp_dir().join(format!("punctual-refresh-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("Europe")).unwrap();
    write_zone(&directory.join("Europe/Helsinki"), "EET-2");
    std::fs::write(directory.join("tzdata.zi"), "# version 2027b\n").unwrap();
    let new = ZoneDatabase::from_directory(&directory).unwrap();
    assert_eq!(new.release(), "2027b");
    assert_eq!(old.changed_zones(&new), ["Europe/Helsinki"]);
    new.install();
    assert_eq!(ZoneDatabase::current().release(), "2027b");

    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let restored = registry.restore(&spec).unwrap();
    assert_ne!(restored.rules_fingerprint(), fingerprint);
    let replanned = restored.next_fire_time(None, JULY).unwrap();
    assert_eq!(replanned.to_string(), "2026-07-01T01:00:00Z");
    // It is the same trigger. A trigger that has not been restored keeps the previous rules.
    assert!(restored.matches_spec(&spec));
    assert_eq!(trigger.next_fire_time(None, JULY), Some(planned));
    assert_eq!(trigger.rules_fingerprint(), fingerprint);
    std::fs::remove_dir_all(directory).unwrap();
}
