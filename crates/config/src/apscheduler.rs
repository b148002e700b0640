//! Translation of the keys of APScheduler 3, with warnings about those whose meaning differs.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::error::{ConfigError, ConfigWarning};
use crate::value::{FromConfig, describe};

/// The prefix of APScheduler's keys.
pub(crate) const PREFIX: &str = "apscheduler.";

/// Options that have no counterpart: the loops of other frameworks, and what Rust programs do otherwise.
const WITHOUT_COUNTERPART: &[(&str, &str)] = &[
    (
        "logger",
        "ignored: records are logged by `tracing`, with the targets punctual::scheduler and punctual::run",
    ),
    ("daemon", "ignored: the program exits when `main` returns"),
    ("event_loop", "ignored: an AsyncScheduler runs on the current tokio runtime"),
    ("io_loop", "ignored: a LocalScheduler runs on the loop on which the program runs it"),
    ("reactor", "ignored: a ReactorScheduler runs on the loop to which the program adds it"),
];

/// The options of schedulers.
const KNOWN: [&str; 6] =
    ["timezone", "jobstore_retry_interval", "job_defaults", "jobstores", "executors", "logger"];

/// Translates the table of APScheduler's keys into the one of this crate.
pub(crate) fn translate(
    source: Map<String, Value>,
    warnings: &mut Vec<ConfigWarning>,
) -> Result<Map<String, Value>, ConfigError> {
    let mut translation = Translation { target: Map::new(), warnings };
    for (name, value) in source {
        translation.option(&name, value)?;
    }
    Ok(translation.target)
}

/// Translates the table of a store or an executor, which has this key.
type TranslateComponent<T> = fn(&mut T, &str, Map<String, Value>) -> Result<Value, ConfigError>;

struct Translation<'w> {
    target: Map<String, Value>,
    warnings: &'w mut Vec<ConfigWarning>,
}

impl Translation<'_> {
    fn warn(&mut self, key: &str, text: impl Into<String>) {
        let key = format!("{PREFIX}{key}");
        self.warnings.push(ConfigWarning { key, text: text.into() });
    }

    fn option(&mut self, name: &str, value: Value) -> Result<(), ConfigError> {
        match name {
            "timezone" => drop(self.target.insert(name.to_owned(), value)),
            "jobstore_retry_interval" => {
                self.warn(
                    name,
                    "max_retry_delay, the longest delay: the first is 50 ms, each further one twice as long",
                );
                self.target.insert("max_retry_delay".to_owned(), value);
            }
            "job_defaults" => self.job_defaults(value)?,
            "jobstores" => {
                let stores = self.each(name, value, Self::store)?;
                self.target.insert("job_stores".to_owned(), stores);
            }
            "executors" => {
                let executors = self.each(name, value, Self::executor)?;
                self.target.insert(name.to_owned(), executors);
            }
            name => match WITHOUT_COUNTERPART.iter().find(|(known, _)| *known == name) {
                Some((_, text)) => self.warn(name, *text),
                None => return Err(unknown("", name, &KNOWN)),
            },
        }
        Ok(())
    }

    fn job_defaults(&mut self, value: Value) -> Result<(), ConfigError> {
        let name = "job_defaults";
        let options = table(name, value)?;
        for (option, value) in &options {
            match option.as_str() {
                "coalesce" if bool::from_config(value) == Some(false) => self.warn(
                    "job_defaults.coalesce",
                    "each missed fire time runs; those beyond max_instances are delayed instead of being skipped",
                ),
                "coalesce" | "misfire_grace_time" | "max_instances" => {}
                option => {
                    let known = ["misfire_grace_time", "coalesce", "max_instances"];
                    return Err(unknown("job_defaults.", option, &known));
                }
            }
        }
        if !options.contains_key("misfire_grace_time") {
            self.warn(
                "job_defaults.misfire_grace_time",
                "not set: late runs are not skipped, unlike in APScheduler, whose default is 1 second",
            );
        }
        let options = options.into_iter().map(|(option, value)| match (option.as_str(), &value) {
            // APScheduler accepts more words for truth values.
            ("coalesce", value) => {
                let coalesce = bool::from_config(value).map_or_else(|| value.clone(), Value::Bool);
                (option, coalesce)
            }
            ("misfire_grace_time", Value::Null) => (option, "none".into()),
            _ => (option, value),
        });
        self.target.insert(name.to_owned(), Value::Object(options.collect()));
        Ok(())
    }

    /// Translates each component of a table.
    fn each(
        &mut self,
        name: &str,
        value: Value,
        translate: TranslateComponent<Self>,
    ) -> Result<Value, ConfigError> {
        let mut components = Map::new();
        for (alias, value) in table(name, value)? {
            let key = format!("{name}.{alias}");
            let options = table(&key, value)?;
            components.insert(alias, translate(self, &key, options)?);
        }
        Ok(Value::Object(components))
    }

    fn executor(&mut self, key: &str, options: Map<String, Value>) -> Result<Value, ConfigError> {
        let (kind, mut options) = kind(key, options, EXECUTORS)?;
        if options.remove("pool_kwargs").is_some() {
            self.warn(&format!("{key}.pool_kwargs"), "ignored: pools have their own options");
        }
        let kind = match kind.as_str() {
            "asyncio" => "tokio".to_owned(),
            _ => kind,
        };
        if kind == "processpool" {
            self.warn(
                key,
                "the program must call process::init in the first line of main; a crash affects one run, not the pool",
            );
            options.entry("max_workers").or_insert_with(|| 10.into());
        }
        options.insert("type".to_owned(), kind.into());
        Ok(Value::Object(options))
    }

    fn store(&mut self, key: &str, options: Map<String, Value>) -> Result<Value, ConfigError> {
        let (kind, mut options) = kind(key, options, STORES)?;
        if kind != "memory" {
            self.warn(
                key,
                "the jobs that APScheduler has stored are not read, because their format is different",
            );
        }
        if options.remove("pickle_protocol").is_some() {
            self.warn(&format!("{key}.pickle_protocol"), "ignored: jobs are stored as JSON");
        }
        match kind.as_str() {
            "sqlalchemy" => self.sqlalchemy(key, &mut options)?,
            "etcd" => {
                // The names of the client library of APScheduler.
                for (own, name) in [("user", "username"), ("timeout", "response_timeout")] {
                    if let Some(value) = options.remove(own).filter(|value| !value.is_null()) {
                        options.insert(name.to_owned(), value);
                    }
                }
                self.owned_connection(key, &mut options);
                server_url(key, "etcd", 2379, &mut options)?;
            }
            "zookeeper" => {
                // The names of the client library of APScheduler.
                if let Some(value) = options.remove("timeout").filter(|value| !value.is_null()) {
                    options.insert("session_timeout".to_owned(), value);
                }
                self.owned_connection(key, &mut options);
                server_url(key, "zookeeper", 2181, &mut options)?;
            }
            "rethinkdb" => {
                // The names of the client library of APScheduler.
                for (own, name) in [("user", "username"), ("timeout", "connect_timeout")] {
                    if let Some(value) = options.remove(own).filter(|value| !value.is_null()) {
                        options.insert(name.to_owned(), value);
                    }
                }
                server_url(key, "rethinkdb", 28_015, &mut options)?;
            }
            "mongodb" => server_url(key, "mongodb", 27_017, &mut options)?,
            "redis" => {
                let db = options.remove("db");
                server_url(key, "redis", 6379, &mut options)?;
                if let (Some(db), Some(Value::String(url))) = (db, options.get_mut("url")) {
                    let db = u32::from_config(&db).ok_or_else(|| {
                        invalid(&format!("{key}.db"), Some(describe(&db)), u32::EXPECTED)
                    })?;
                    url.push_str(&format!("/{db}"));
                }
            }
            _ => drop(options.insert("type".to_owned(), kind.into())),
        }
        Ok(Value::Object(options))
    }

    /// Removes the option of stores whose connection may be one of the program.
    fn owned_connection(&mut self, key: &str, options: &mut Map<String, Value>) {
        if options.remove("close_connection_on_exit").is_some() {
            self.warn(
                &format!("{key}.close_connection_on_exit"),
                "ignored: the connection belongs to the store, which closes it",
            );
        }
    }

    /// Translates the URL of SQLAlchemy, which may name a driver, and in which a relative path follows three slashes.
    fn sqlalchemy(
        &mut self,
        key: &str,
        options: &mut Map<String, Value>,
    ) -> Result<(), ConfigError> {
        for name in ["tablename", "tableschema", "engine_options", "metadata", "engine"] {
            let Some(value) = options.remove(name) else { continue };
            match name {
                "tableschema" => drop(options.insert("schema".to_owned(), value)),
                "tablename" => self.warn(
                    &format!("{key}.tablename"),
                    "ignored: there are several tables, whose names begin with table_prefix",
                ),
                _ => self.warn(&format!("{key}.{name}"), "ignored"),
            }
        }
        let url_key = format!("{key}.url");
        let Some(Value::String(url)) = options.remove("url") else {
            return Err(invalid(&url_key, None, "the URL of a database"));
        };
        let Some((scheme, rest)) = url.split_once(':') else {
            return Err(invalid(&url_key, None, "the URL of a database"));
        };
        let database = scheme.split('+').next().unwrap_or_default();
        let url = match rest.strip_prefix("//") {
            Some("" | "/" | "/:memory:") if database == "sqlite" => "memory:".to_owned(),
            Some(path) if database == "sqlite" => {
                format!("sqlite:{}", path.strip_prefix('/').unwrap_or(path))
            }
            _ => format!("{database}:{rest}"),
        };
        options.insert("url".to_owned(), url.into());
        Ok(())
    }
}

/// The plugins of APScheduler, with the classes for which they stand.
type Kinds = &'static [(&'static str, &'static str)];

const EXECUTORS: Kinds = &[
    ("threadpool", "ThreadPoolExecutor"),
    ("processpool", "ProcessPoolExecutor"),
    ("asyncio", "AsyncIOExecutor"),
    ("debug", "DebugExecutor"),
];

const STORES: Kinds = &[
    ("memory", "MemoryJobStore"),
    ("sqlalchemy", "SQLAlchemyJobStore"),
    ("etcd", "EtcdJobStore"),
    ("mongodb", "MongoDBJobStore"),
    ("redis", "RedisJobStore"),
    ("rethinkdb", "RethinkDBJobStore"),
    ("zookeeper", "ZooKeeperJobStore"),
];

/// Takes the `type` or the `class` of a component. `type` wins if both are set, as in APScheduler.
fn kind(
    key: &str,
    mut options: Map<String, Value>,
    kinds: Kinds,
) -> Result<(String, Map<String, Value>), ConfigError> {
    let (kind, class) = (options.remove("type"), options.remove("class"));
    let names = || kinds.iter().map(|(name, _)| (*name).to_owned()).collect();
    let what = if std::ptr::eq(kinds, EXECUTORS) { "executor" } else { "job store" };
    let (name, given) = match (kind, class) {
        (Some(kind), _) => ("type", kind),
        (None, Some(class)) => ("class", class),
        (None, None) => {
            return Err(ConfigError::MissingKey {
                key: format!("{PREFIX}{key}.type"),
                reason: format!("it is the kind of the {what}"),
            });
        }
    };
    let text = given.as_str().unwrap_or_default();
    let found = kinds.iter().find(|(kind, class)| match name {
        "type" => *kind == text,
        _ => text.rsplit([':', '.']).next() == Some(class),
    });
    match found {
        Some((kind, _)) => Ok(((*kind).to_owned(), options)),
        None => {
            let key = format!("{PREFIX}{key}.{name}");
            Err(ConfigError::unknown_name(key, what, text, names()))
        }
    }
}

/// Forms a URL of the host, the port and the password. An option `url` or a URL as the host is kept.
fn server_url(
    key: &str,
    scheme: &str,
    default_port: u32,
    options: &mut Map<String, Value>,
) -> Result<(), ConfigError> {
    let mut text = |name: &str| match options.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => String::from_config(&value)
            .map(Some)
            .ok_or_else(|| invalid(&format!("{key}.{name}"), None, "a text")),
    };
    let (host, port, user, password) =
        (text("host")?, text("port")?, text("username")?, text("password")?);
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    let url = if host.contains("://") {
        host
    } else {
        let port = port.unwrap_or_else(|| default_port.to_string());
        let login = match password {
            None => String::new(),
            Some(password) => {
                let user = user.unwrap_or_default();
                format!("{}:{}@", encode(&user), encode(&password))
            }
        };
        format!("{scheme}://{login}{host}:{port}")
    };
    options.entry("url").or_insert_with(|| url.into());
    Ok(())
}

/// Encodes a part of a URL.
fn encode(text: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(text, NON_ALPHANUMERIC)
}

fn table(key: &str, value: Value) -> Result<Map<String, Value>, ConfigError> {
    match value {
        Value::Object(values) => Ok(values),
        _ => Err(invalid(key, None, "a table")),
    }
}

fn invalid(key: &str, value: Option<String>, expected: &str) -> ConfigError {
    ConfigError::InvalidValue {
        key: format!("{PREFIX}{key}"),
        value,
        expected: expected.to_owned(),
    }
}

fn unknown(section: &str, name: &str, known: &[&str]) -> ConfigError {
    let known: Vec<_> = known.iter().map(|&known| known.to_owned()).collect();
    ConfigError::unknown_key(format!("{PREFIX}{section}{name}"), name, &known)
}
