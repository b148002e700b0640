//! Suggestions for unknown names of time zones.

use super::fixed_offset;
use crate::similar::most_similar;

/// Abbreviations that are not names of zones, with zones that use them.
pub(super) const ABBREVIATIONS: &[(&str, &[&str])] = &[
    ("ACDT", &["Australia/Adelaide"]),
    ("ACST", &["Australia/Adelaide", "Australia/Darwin"]),
    ("AEDT", &["Australia/Sydney"]),
    ("AEST", &["Australia/Sydney", "Australia/Brisbane"]),
    ("AKDT", &["America/Anchorage"]),
    ("AKST", &["America/Anchorage"]),
    ("AST", &["America/Halifax", "Asia/Riyadh"]),
    ("AWST", &["Australia/Perth"]),
    ("BRT", &["America/Sao_Paulo"]),
    ("BST", &["Europe/London", "Asia/Dhaka"]),
    ("CAT", &["Africa/Maputo"]),
    ("CDT", &["America/Chicago", "America/Havana"]),
    ("CEST", &["Europe/Paris", "Europe/Berlin"]),
    ("CST", &["America/Chicago", "Asia/Shanghai"]),
    ("EAT", &["Africa/Nairobi"]),
    ("EDT", &["America/New_York"]),
    ("EEST", &["Europe/Helsinki", "Europe/Athens"]),
    ("HKT", &["Asia/Hong_Kong"]),
    ("ICT", &["Asia/Bangkok"]),
    ("IST", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("JST", &["Asia/Tokyo"]),
    ("KST", &["Asia/Seoul"]),
    ("MDT", &["America/Denver"]),
    ("MSK", &["Europe/Moscow"]),
    ("NZDT", &["Pacific/Auckland"]),
    ("NZST", &["Pacific/Auckland"]),
    ("PDT", &["America/Los_Angeles"]),
    ("PHT", &["Asia/Manila"]),
    ("PKT", &["Asia/Karachi"]),
    ("PST", &["America/Los_Angeles", "Asia/Manila"]),
    ("SAST", &["Africa/Johannesburg"]),
    ("SGT", &["Asia/Singapore"]),
    ("WAT", &["Africa/Lagos"]),
    ("WEST", &["Europe/Lisbon"]),
    ("WIB", &["Asia/Jakarta"]),
    ("Z", &["UTC"]),
];

/// Returns names that the user may have meant: an offset, the zones of an abbreviation, the zone of a city, or similar
/// names. `names` returns the names of all zones.
pub(super) fn suggestions(name: &str, names: impl FnOnce() -> Vec<String>) -> Vec<String> {
    if let Some(offset) = offset_name(name) {
        return vec![offset];
    }
    let known = ABBREVIATIONS.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
    if let Some((_, zones)) = known {
        return zones.iter().map(|&zone| zone.to_owned()).collect();
    }
    let wanted = name.trim().replace([' ', '-'], "_").to_ascii_lowercase();
    // An equal city leaves no doubt either.
    most_similar(
        names().into_iter().map(|known| (similarity(&wanted, &known.to_ascii_lowercase()), known)),
    )
}

/// The similarity of a name to the name of a zone, or to its last part, which is usually a city.
fn similarity(wanted: &str, known: &str) -> f64 {
    let city = known.rsplit_once('/').map_or(known, |(_, city)| city);
    strsim::jaro_winkler(wanted, known).max(strsim::jaro_winkler(wanted, city))
}

/// The name of the fixed offset `+08:00`, `GMT+8`, `UTC+0800` and the like.
fn offset_name(name: &str) -> Option<String> {
    let upper = name.trim().to_ascii_uppercase();
    let offset = ["UTC", "GMT"].iter().find_map(|&start| upper.strip_prefix(start));
    let offset = offset.unwrap_or(&upper);
    let (sign, digits) =
        offset.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.is_empty() => return None,
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "00"),
    };
    let name = format!("UTC{sign}{hours:0>2}:{minutes:0>2}");
    fixed_offset(&name).map(|_| name)
}
