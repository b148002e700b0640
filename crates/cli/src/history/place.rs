//! The stores that past runs are read from.

use std::env;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use punctual::core::DynJobStore;
use punctual::{SqliteJobStore, StoreError, StoreErrorKind};

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
    Server(StoreUrl, &'static str),
}

impl Place {
    /// What is said on the command line comes before what the environment says.
    pub(super) fn of(args: &HistoryArgs) -> Result<Self, HistoryError> {
        if let Some(url) = &args.store {
            return Ok(Self::Server(url.clone(), "--store"));
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
            Ok(url) => Ok(Self::Server(url.into(), VARIABLE)),
            Err(env::VarError::NotPresent) => Err(HistoryError::NoPlace),
            Err(env::VarError::NotUnicode(_)) => {
                Ok(Self::Server(String::new().into(), VARIABLE)) // as wrong as any other text
            }
        }
    }

    /// The store there. Nothing is made by looking at it: it must be there, tables and all.
    pub(super) fn open(&self, args: &HistoryArgs) -> Result<Box<dyn DynJobStore>, HistoryError> {
        let opened = match self {
            Self::File(file) => sqlite(file, args)?,
            Self::Server(url, _) => server(url, args),
        };
        opened.map_err(|source| HistoryError::store(self, source))
    }
}

impl Display for Place {
    /// Without a URL, which has a password in it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Server(_, name) => write!(f, "what {name} names"),
        }
    }
}

type Opened = Result<Box<dyn DynJobStore>, StoreError>;

fn sqlite(file: &Path, args: &HistoryArgs) -> Result<Opened, HistoryError> {
    if let Err(source) = std::fs::metadata(file) {
        return Err(HistoryError::NoState { file: file.to_owned(), source });
    }
    let store = SqliteJobStore::builder().file(file);
    let store = store.table_prefix(&args.table_prefix).make_tables(false);
    Ok(no_schema(args).and_then(|()| Ok(Box::new(store.build()?) as _)))
}

fn server(url: &StoreUrl, args: &HistoryArgs) -> Opened {
    match url.scheme() {
        "postgres" | "postgresql" => postgres(url, args),
        "mysql" | "mariadb" => no_schema(args).and_then(|()| mysql(url, args)),
        _ => Err(StoreError::new(
            StoreErrorKind::Invalid,
            "a store's URL begins with postgres:// or mysql:// (an SQLite file is named by --state)",
        )),
    }
}

fn no_schema(args: &HistoryArgs) -> Result<(), StoreError> {
    if args.schema.is_none() {
        return Ok(());
    }
    Err(StoreError::new(StoreErrorKind::Invalid, "--schema is for PostgreSQL only"))
}

#[cfg(feature = "store-postgres")]
fn postgres(url: &StoreUrl, args: &HistoryArgs) -> Opened {
    let store = punctual::PostgresJobStore::builder().url(url.expose());
    let mut store = store.table_prefix(&args.table_prefix).make_tables(false);
    if let Some(schema) = &args.schema {
        store = store.schema(schema);
    }
    Ok(Box::new(store.build()?))
}

#[cfg(not(feature = "store-postgres"))]
fn postgres(_: &StoreUrl, _: &HistoryArgs) -> Opened {
    Err(left_out("PostgreSQL", "store-postgres"))
}

#[cfg(feature = "store-mysql")]
fn mysql(url: &StoreUrl, args: &HistoryArgs) -> Opened {
    let store = punctual::MySqlJobStore::builder().url(url.expose());
    Ok(Box::new(store.table_prefix(&args.table_prefix).make_tables(false).build()?))
}

#[cfg(not(feature = "store-mysql"))]
fn mysql(_: &StoreUrl, _: &HistoryArgs) -> Opened {
    Err(left_out("MySQL and MariaDB", "store-mysql"))
}

#[cfg(not(all(feature = "store-postgres", feature = "store-mysql")))]
fn left_out(database: &str, feature: &str) -> StoreError {
    let text = format!(
        "this build of punctual can't read {database}: install it with the feature {feature}"
    );
    StoreError::new(StoreErrorKind::Unsupported, text)
}
