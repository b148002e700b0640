//! What is known of each backend.

use std::fmt;
use std::sync::Arc;

use punctual_core::{DynJobStore, StoreError};

use crate::error::{invalid, unsupported};
use crate::open::{self, Open};
use crate::options::Options;

/// Where the jobs of a backend are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// In the memory of one process.
    Process,
    /// In a file that processes of one machine share.
    File,
    /// On a server that any number of machines share.
    Server,
}

/// A kind of job store. Those that this build leaves out are known, too: see [`open`](Self::open).
pub struct Backend {
    word: &'static str,
    location: Location,
    feature: &'static str,
    name: &'static str,
    schemes: &'static [&'static str],
    options: &'static [&'static str],
    open: Option<Open>,
    /// How one that is in no list is opened.
    unlisted: Option<OpenUnlisted>,
}

/// Opens the store of a URL.
type OpenUnlisted = fn(&str) -> Result<Arc<dyn DynJobStore>, StoreError>;

/// Makes the table of the list.
macro_rules! table {
    ($($word:ident $location:ident $feature:literal $name:literal [$($scheme:literal),+]
        $type:ident { $($option:ident: $value:ty),* };)*) => {
        &[$(Backend {
            word: stringify!($word),
            location: Location::$location,
            feature: $feature,
            name: $name,
            schemes: &[$($scheme),+],
            options: &[$(stringify!($option)),*],
            open: open::$word,
            unlisted: None,
        }),*]
    };
}

const ALL: &[Backend] = crate::__list!(table,);

impl Backend {
    /// One with jobs in a file or a folder, which is in no list and has no options: so that tests which are
    /// made for each backend can be made for a store that is none of ours.
    #[must_use]
    pub const fn unlisted(
        word: &'static str,
        schemes: &'static [&'static str],
        open: fn(&str) -> Result<Arc<dyn DynJobStore>, StoreError>,
    ) -> Self {
        Self {
            word,
            location: Location::File,
            feature: "",
            name: word,
            schemes,
            options: &[],
            open: None,
            unlisted: Some(open),
        }
    }

    /// All that there are, also those that this build leaves out.
    #[must_use]
    pub fn all() -> &'static [Self] {
        ALL
    }

    /// The one of this [word](Self::word), if there is one.
    #[must_use]
    pub fn of_word(word: &str) -> Option<&'static Self> {
        ALL.iter().find(|backend| backend.word == word)
    }

    /// The one whose jobs are where this URL says: `sqlite:FILE`, `postgres://USER:PASSWORD@HOST/DATABASE`, ..
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) when no backend has such URLs. The error does not
    /// repeat the URL, which may have a password in it.
    pub fn of_url(url: &str) -> Result<&'static Self, StoreError> {
        let scheme = url.split_once(':').map(|(scheme, _)| scheme);
        ALL.iter()
            .find(|backend| backend.schemes.iter().any(|own| Some(*own) == scheme))
            .ok_or_else(|| {
                let schemes: Vec<_> = ALL.iter().flat_map(Self::url_starts).collect();
                invalid(format!("a store's URL begins with {}", schemes.join(" or ")))
            })
    }

    /// The word for it in names of tests and services, and after `store-` in its [feature](Self::feature).
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.word
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The feature that it needs.
    #[must_use]
    pub fn feature(&self) -> &'static str {
        self.feature
    }

    /// Where its jobs are.
    #[must_use]
    pub fn location(&self) -> Location {
        self.location
    }

    /// The options that [`open`](Self::open) takes.
    #[must_use]
    pub fn options(&self) -> &'static [&'static str] {
        self.options
    }

    /// Whether this build can open it.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.open.is_some() || self.unlisted.is_some()
    }

    /// What its URLs begin with, such as `sqlite:` or `postgres://`.
    pub fn url_starts(&self) -> impl Iterator<Item = String> + use<> {
        let end = if self.location == Location::Server { "://" } else { ":" };
        self.schemes.iter().map(move |scheme| format!("{scheme}{end}"))
    }

    /// Opens a store of this backend. Nothing is connected to before the store is started.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](punctual_core::StoreErrorKind::Unsupported) when this build leaves it out, and
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) with a URL or an option that can't be.
    pub fn open(&self, url: &str, options: &Options) -> Result<Arc<dyn DynJobStore>, StoreError> {
        if let Some(open) = self.unlisted {
            return options.for_backend(self.name, self.options).and_then(|_| open(url));
        }
        let Some(open) = self.open else {
            return Err(unsupported(format!(
                "this build can't open stores in {}: it lacks the feature {}",
                self.name, self.feature
            )));
        };
        open(url, &options.for_backend(self.name, self.options)?)
    }
}

impl PartialEq for Backend {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl Eq for Backend {}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use punctual_core::StoreErrorKind;

    use super::*;

    #[test]
    fn one_word_is_in_all_names() {
        for backend in Backend::all() {
            assert_eq!(backend.feature(), format!("store-{}", backend.word()));
            assert_eq!(backend.schemes[0], backend.word());
        }
    }

    #[test]
    fn a_url_leads_to_one_backend() {
        let schemes: Vec<_> = Backend::all().iter().flat_map(|backend| backend.schemes).collect();
        assert_eq!(schemes.iter().collect::<HashSet<_>>().len(), schemes.len());
        for backend in Backend::all() {
            for start in backend.url_starts() {
                assert_eq!(Backend::of_url(&format!("{start}place")).unwrap(), backend);
            }
        }
    }

    #[test]
    fn other_urls_are_refused_and_not_repeated() {
        for url in ["", "jobs.sqlite", "oracle://ann:hunter2@host", "ann:hunter2@host"] {
            let error = Backend::of_url(url).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Invalid);
            let text = error.to_string();
            assert!(text.contains("sqlite: or ") && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_this_build_leaves_out_names_its_feature() {
        for backend in Backend::all().iter().filter(|backend| !backend.is_available()) {
            let error = backend.open("", &Options::new()).map(drop).unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Unsupported);
            assert!(error.to_string().ends_with(backend.feature()), "{error}");
        }
    }
}
