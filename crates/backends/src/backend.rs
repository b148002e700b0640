//! The table of backends.

use std::fmt;
use std::sync::Arc;

use punctual_core::{DynJobStore, StoreError};

use crate::error::{invalid, unsupported};
use crate::open::{self, Open};
use crate::options::Options;

/// The location of a backend's jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the memory of one process.
    Process,
    /// In a file that processes of one machine share.
    File,
    /// On a server that any number of machines share.
    Server,
}

/// A type of job store. Backends whose feature is disabled are also listed; [`open`](Self::open) returns `Unsupported`
/// for them.
pub struct Backend {
    id: &'static str,
    location: Location,
    is_given: bool,
    feature: &'static str,
    name: &'static str,
    schemes: &'static [&'static str],
    options: &'static [&'static str],
    open: Option<Open>,
    /// Opens a backend that was created by [`custom`](Self::custom).
    custom: Option<OpenUnlisted>,
}

/// Opens the store of a URL.
type OpenUnlisted = fn(&str) -> Result<Arc<dyn DynJobStore>, StoreError>;

/// Generates the table from the list.
macro_rules! table {
    ($($id:ident $location:ident $feature:literal $name:literal [$($scheme:literal),+]
        $type:ident { $($option:ident: $value:ty),* };)*) => {
        &[$(Backend {
            id: stringify!($id),
            location: location!($location),
            is_given: is_given!($location),
            feature: $feature,
            name: $name,
            schemes: &[$($scheme),+],
            options: &[$(stringify!($option)),*],
            open: open::$id,
            custom: None,
        }),*]
    };
}

/// The location that a word of the list stands for.
macro_rules! location {
    (GivenServer) => {
        Location::Server
    };
    ($location:ident) => {
        Location::$location
    };
}

/// Whether a word of the list means that the tests need a server that is given.
macro_rules! is_given {
    (GivenServer) => {
        true
    };
    ($location:ident) => {
        false
    };
}

const ALL: &[Backend] = crate::__list!(table,);

impl Backend {
    /// A third-party backend that stores jobs in a file or directory and has no options. It allows the per-backend
    /// tests to run for custom stores.
    #[must_use]
    pub const fn custom(
        id: &'static str,
        schemes: &'static [&'static str],
        open: fn(&str) -> Result<Arc<dyn DynJobStore>, StoreError>,
    ) -> Self {
        Self {
            id,
            location: Location::File,
            is_given: false,
            feature: "",
            name: id,
            schemes,
            options: &[],
            open: None,
            custom: Some(open),
        }
    }

    /// All backends, including those whose feature is disabled.
    #[must_use]
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// Returns the backend with this [id](Self::id), or `None`.
    #[must_use]
    pub fn by_id(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|backend| backend.id == id)
    }

    /// Returns the backend for this URL, e.g. `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if no backend supports the scheme. The error does not contain
    /// the URL, which may contain a password.
    pub fn of_url(url: &str) -> Result<&'static Self, StoreError> {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme);
        ALL.iter()
            .find(|backend| backend.schemes.iter().any(|own| Some(*own) == scheme))
            .ok_or_else(|| {
                let schemes: Vec<_> = ALL.iter().flat_map(Self::url_prefixes).collect();
                invalid(format!("a store's URL begins with {}", schemes.join(" or ")))
            })
    }

    /// The identifier of the backend in names of tests and services, and after `store-` in its
    /// [feature](Self::feature).
    #[must_use]
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The Cargo feature that enables the backend.
    #[must_use]
    pub fn feature(&self) -> &'static str {
        self.feature
    }

    /// The location of the jobs.
    #[must_use]
    pub fn location(&self) -> Location {
        self.location
    }

    /// Whether tests need a server that the variable `PUNCTUAL_TEST_NAME_URL` names, because `scripts/services` can't start
    /// one.
    ///
    /// ```
    /// use punctual_backends::Backend;
    ///
    /// let given: Vec<_> = Backend::all().iter().filter(|backend| backend.needs_given_server()).collect();
    /// assert_eq!(given, [Backend::by_id("rethinkdb").expect("a backend of the list")]);
    /// ```
    #[must_use]
    pub fn needs_given_server(&self) -> bool {
        self.is_given
    }

    /// The names of the options that [`open`](Self::open) accepts.
    #[must_use]
    pub fn options(&self) -> &'static [&'static str] {
        self.options
    }

    /// Whether the feature of the backend is enabled.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.open.is_some() || self.custom.is_some()
    }

    /// The prefixes of its URLs, such as `sqlite:` or `postgres://`.
    pub fn url_prefixes(&self) -> impl Iterator<Item = String> + use<> {
        let end = if self.location == Location::Server { "://" } else { ":" };
        self.schemes.iter().map(move |scheme| format!("{scheme}{end}"))
    }

    /// Creates a store of this backend. Connections are opened when the store is started.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) if the feature is disabled,
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL or an option is invalid.
    pub fn open(&self, url: &str, options: &Options) -> Result<Arc<dyn DynJobStore>, StoreError> {
        if let Some(open) = self.custom {
            return options.for_backend(self.name, self.options).and_then(|_| open(url));
        }
        let Some(open) = self.open else {
            return Err(unsupported(format!(
                "can't open stores in {}, because this program was built without the feature {}",
                self.name, self.feature
            )));
        };
        open(url, &options.for_backend(self.name, self.options)?)
    }
}

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Backend {}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use punctual_core::StoreErrorKind;

    use super::*;

    #[test]
    fn the_id_is_part_of_all_names() {
        for backend in Backend::all() {
            assert_eq!(backend.feature(), format!("store-{}", backend.id()));
            assert_eq!(backend.schemes[0], backend.id());
        }
    }

    #[test]
    fn a_url_identifies_one_backend() {
        let schemes: Vec<_> = Backend::all().iter().flat_map(|backend| backend.schemes).collect();
        assert_eq!(schemes.iter().collect::<HashSet<_>>().len(), schemes.len());
        for backend in Backend::all() {
            for start in backend.url_prefixes() {
                assert_eq!(Backend::of_url(&format!("{start}place")).unwrap(), backend);
            }
        }
    }

    #[test]
    fn an_unknown_url_is_an_error_that_does_not_contain_it() {
        for url in ["", "jobs.sqlite", "oracle://ann:hunter2@host", "ann:hunter2@host"] {
            let error = Backend::of_url(url).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid);
            let text = error.to_string();
            assert!(text.contains("sqlite: or ") && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn the_error_for_a_disabled_backend_contains_its_feature() {
        for backend in Backend::all().iter().filter(|backend| !backend.is_available()) {
            let error = backend.open("", &Options::new()).map(drop).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unsupported);
            assert!(error.to_string().ends_with(backend.feature()), "{error}");
        }
    }
}
