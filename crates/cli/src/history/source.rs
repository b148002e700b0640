//! The source of past runs.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use punctual::{DynJobStore, SqliteJobStore, StoreError, StoreErrorKind};
use punctual_backends::{Backend, Location, Options};

use super::{HistoryArgs, HistoryError};
use crate::account::Account;
use crate::daemon::{DaemonError, state_file_path};
use crate::secret::StoreUrl;

/// Environment variable for the store's URL, which, unlike an option, is not visible to other users.
const STORE_URL_ENV_VAR: &str = "PUNCTUAL_STORE_URL";

/// A file or URL from which past runs are read.
pub(super) enum HistorySource {
    File(PathBuf),
    /// The URL, and the option or variable that contains it.
    Url(StoreUrl, &'static str),
}

impl HistorySource {
    /// Determines the source. The command line has precedence over the environment.
    pub(super) fn from_args(args: &HistoryArgs) -> Result<Self, HistoryError> {
        if let Some(url) = &args.store {
            return Ok(Self::Url(url.clone(), "--store"));
        }
        if let Some(file) = &args.state {
            return Ok(Self::File(file.clone()));
        }
        if let Some(crontab) = &args.file {
            if StoreUrl::looks_like_url(crontab) {
                return Err(HistoryError::UrlAsFile);
            }
            let current = Account::current().map_err(DaemonError::from)?;
            return Ok(Self::File(state_file_path(crontab, &current)?));
        }
        match env::var(STORE_URL_ENV_VAR) {
            Ok(url) => Ok(Self::Url(url.into(), STORE_URL_ENV_VAR)),
            Err(env::VarError::NotPresent) => Err(HistoryError::NoSource),
            Err(env::VarError::NotUnicode(_)) => {
                Ok(Self::Url(String::new().into(), STORE_URL_ENV_VAR)) // rejected as an invalid URL
            }
        }
    }

    /// Opens the store. Neither the file nor the tables are created: they must exist.
    pub(super) fn open(&self, args: &HistoryArgs) -> Result<Arc<dyn DynJobStore>, HistoryError> {
        let opened = match self {
            Self::File(file) => {
                if let Err(source) = std::fs::metadata(file) {
                    return Err(HistoryError::NoStateFile { file: file.clone(), source });
                }
                open_file(file, args)
            }
            Self::Url(url, _) => open_url(url.expose(), args),
        };
        opened.map_err(|source| HistoryError::store(self, source))
    }
}

impl Display for HistorySource {
    /// Omits the URL, because it can contain a password.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Url(_, name) => write!(f, "the store given by {name}"),
        }
    }
}

type OpenResult = Result<Arc<dyn DynJobStore>, StoreError>;

/// Opened by path instead of URL, because a path need not be UTF-8.
fn open_file(file: &Path, args: &HistoryArgs) -> OpenResult {
    let mut store = SqliteJobStore::builder().file(file).make_tables(false);
    if let Some(prefix) = &args.table_prefix {
        store = store.table_prefix(prefix);
    }
    Ok(Arc::new(store.build()?))
}

fn open_url(url: &str, args: &HistoryArgs) -> OpenResult {
    let backend = Backend::of_url(url)?;
    if backend.location() == Location::Process {
        let text = format!(
            "{} stores jobs in the memory of one process, so another process can't read them",
            backend.name()
        );
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
