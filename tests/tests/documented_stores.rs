//! The table of the stores in `docs/guide/stores.md` contains what the stores themselves declare.

use std::time::Duration;

use punctual_backends::{Backend, Location, Options};
use punctual_core::{StoreCaps, StoreError, Timestamp};

const GUIDE: &str = include_str!("../../docs/guide/stores.md");
const HEADING: &str = "## The stores side by side";

/// A row by the titles of its columns.
struct Row(Vec<(&'static str, &'static str)>);

impl Row {
    fn cell(&self, title: &str) -> &'static str {
        let cell = self.0.iter().find(|(own, _)| *own == title);
        cell.unwrap_or_else(|| panic!("there is no column {title:?}")).1
    }
}

fn rows() -> Vec<Row> {
    let (_, section) = GUIDE.split_once(HEADING).expect("the section");
    let mut lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let mut lines = lines.by_ref().take_while(|line| line.starts_with('|'));
    let titles = cells(lines.next().expect("the titles"));
    lines.next().expect("the line below the titles");
    lines.map(|line| Row(titles.iter().copied().zip(cells(line)).collect())).collect()
}

fn cells(line: &'static str) -> Vec<&'static str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The capabilities of a store with these options, which need no connection.
fn caps(backend: &Backend, options: &Options) -> Result<StoreCaps, StoreError> {
    let start = backend.url_prefixes().next().expect("URLs");
    // A database of that name; Redis has only numbers.
    backend.open(&format!("{start}localhost/0"), options).map(|store| store.caps())
}

fn yes_or_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn notifications(backend: &Backend, caps: &StoreCaps) -> &'static str {
    let by_option = |name: &&str| {
        let caps = self::caps(backend, &Options::new().with(*name, true));
        caps.is_ok_and(|caps| caps.notify)
    };
    match caps.notify {
        true => "yes",
        false if backend.options().iter().any(by_option) => "optional",
        false => "no",
    }
}

/// In the larger unit, unless that has many decimals.
fn size(bytes: usize) -> String {
    match bytes {
        usize::MAX => "unlimited".into(),
        bytes if bytes % (1 << 18) == 0 => format!("{} MiB", bytes as f64 / f64::from(1 << 20)),
        bytes => format!("{} KiB", bytes as f64 / 1024.0),
    }
}

fn batch(caps: &StoreCaps) -> String {
    match caps.max_batch.count {
        usize::MAX => size(caps.max_batch.bytes),
        count => format!("{count}, {}", size(caps.max_batch.bytes)),
    }
}

fn precision(duration: Duration) -> String {
    match duration.as_micros() {
        micros if micros % 1_000 == 0 => format!("{} ms", micros / 1_000),
        micros => format!("{micros} us"),
    }
}

fn shared_by(backend: &Backend) -> &'static str {
    match backend.location() {
        Location::Process => "one scheduler",
        Location::File => "one machine",
        Location::Server => "many machines",
    }
}

#[test]
fn the_table_of_the_stores_contains_their_capabilities() {
    let rows = rows();
    let names: Vec<_> = rows.iter().map(|row| row.cell("")).collect();
    let stores: Vec<_> = Backend::all().iter().map(Backend::name).collect();
    assert_eq!(names, stores, "the rows");
    for (backend, row) in Backend::all().iter().zip(&rows) {
        let caps = caps(backend, &Options::new()).expect("a store");
        let name = backend.name();
        assert_eq!(caps.shared, backend.location() != Location::Process, "{name}");
        assert_eq!((caps.earliest, caps.latest), (Timestamp::MIN, Timestamp::MAX), "{name}");
        let is_lost = row.cell("a scheduler is killed") != "nothing is lost";
        assert_eq!(caps.persistent, !is_lost, "{name}: jobs are persistent");
        for (title, expected) in [
            ("shared by", shared_by(backend).to_string()),
            ("clock", yes_or_no(caps.clock).into()),
            ("precision", precision(caps.precision)),
            ("notifications", notifications(backend, &caps).into()),
            ("history", yes_or_no(caps.history).into()),
            ("transactions of the caller", yes_or_no(caps.transactions).into()),
            ("largest definition", size(caps.max_definition)),
            ("largest batch", batch(&caps)),
        ] {
            assert_eq!(row.cell(title), expected, "{name}: {title}");
        }
    }
}
