//! The stores that past runs are read from.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use punctual::core::DynJobStore;
use punctual::{SqliteJobStore, StoreError, StoreErrorKind};
use punctual_backends::{Backend, Location, Options};

use super::{HistoryArgs, HistoryError};
use crate::account::Account;
use crate::daemon::{DaemonError, state_of};
use crate::secret::StoreUrl;

/// A store's URL for those who don't want to show it to everybody who lists processes.
const VARIABLE: &str = "PUNCTUAL_STORE_URL";

/// Where past runs are.
pub(super) enum Place {
    File(PathBuf),
    /// And who named it.
    Url(StoreUrl, &'static str),
}

impl Place {
    /// What is said on the command line comes before what the environment says.
    pub(super) fn of(args: &HistoryArgs) -> Result<Self, HistoryError> {
        if let Some(url) = &args.store {
            return Ok(Self::Url(url.clone(), "--store"));
        }
        if let Some(file) = &args.state {
            return Ok(Self::File(file.clone()));
        }
        if let Some(crontab) = &args.file {
            if StoreUrl::is_one(crontab) {
                return Err(HistoryError::UrlAsFile);
            }
            let current = Account::current().map_err(DaemonError::from)?;
            return Ok(Self::File(state_of(crontab, &current)?));
        }
        match env::var(VARIABLE) {
            Ok(url) => Ok(Self::Url(url.into(), VARIABLE)),
            Err(env::VarError::NotPresent) => Err(HistoryError::NoPlace),
            Err(env::VarError::NotUnicode(_)) => {
                Ok(Self::Url(String::new().into(), VARIABLE)) // as wrong as any other text
            }
        }
    }

    /// The store there. Nothing is made by looking at it: it must be there, tables and all.
    pub(super) fn open(&self, args: &HistoryArgs) -> Result<Arc<dyn DynJobStore>, HistoryError> {
        let opened = match self {
            Self::File(file) => {
                if let Err(source) = std::fs::metadata(file) {
                    return Err(HistoryError::NoState { file: file.clone(), source });
                }
                in_file(file, args)
            }
            Self::Url(url, _) => at_url(url.expose(), args),
        };
        opened.map_err(|source| HistoryError::store(self, source))
    }
}

impl Display for Place {
    /// Without a URL, which has a password in it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Url(_, name) => write!(f, "what {name} names"),
        }
    }
}

type Opened = Result<Arc<dyn DynJobStore>, StoreError>;

/// Not by a URL, which is text: a path may be anything.
fn in_file(file: &Path, args: &HistoryArgs) -> Opened {
    let mut store = SqliteJobStore::builder().file(file).make_tables(false);
    if let Some(prefix) = &args.table_prefix {
        store = store.table_prefix(prefix);
    }
    Ok(Arc::new(store.build()?))
}

fn at_url(url: &str, args: &HistoryArgs) -> Opened {
    let backend = Backend::of_url(url)?;
    if backend.location() == Location::Process {
        let text = format!("what is in {} ends with its process", backend.name());
        return Err(StoreError::new(StoreErrorKind::Invalid, text));
    }
    let mut options = Options::new().with("make_tables", false);
    for (name, value) in [("prefix", &args.table_prefix), ("schema", &args.schema)] {
        if let Some(value) = value {
            options = options.with(name, value);
        }
    }
    backend.open(url, &options)
}
