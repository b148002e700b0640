//! The builder of configurations, with their sources.

use std::fmt;
#[cfg(any(feature = "toml", feature = "ini"))]
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::apscheduler;
use crate::config::Config;
use crate::env;
use crate::error::{ConfigError, ConfigWarning};
use crate::plugins::Plugins;
use crate::tree::{insert, merge, take_prefix};

/// Builder for a [`Config`]: a list of sources, of which the later ones override the earlier ones, key by key. The
/// sources are read and checked by [`build`](Self::build).
///
/// Every source contains keys that begin with the [prefix](Self::prefix). Other keys are ignored, since they may belong
/// to other parts of a program (a file that has no others results in a warning), except those of APScheduler (`apscheduler.`), which are translated.
///
/// ```
/// use punctual_config::Config;
///
/// let config = Config::builder()
///     .set("punctual.timezone", "UTC")
///     .set("apscheduler.jobstore_retry_interval", 10)
///     .build()?;
/// assert_eq!(config.warnings()[0].key, "apscheduler.jobstore_retry_interval");
/// # Ok::<(), punctual_config::ConfigError>(())
/// ```
#[must_use = "a configuration does nothing until it is built"]
pub struct ConfigBuilder {
    prefix: String,
    sources: Vec<Source>,
    plugins: Plugins,
}

enum Source {
    /// A single value, whose key must have the prefix.
    Value(String, Value),
    Map(Vec<(String, Value)>),
    Env(Vec<(String, String)>),
    #[cfg(any(feature = "toml", feature = "ini"))]
    Text(Format, String),
    #[cfg(any(feature = "toml", feature = "ini"))]
    File(Format, PathBuf),
}

#[cfg(any(feature = "toml", feature = "ini"))]
#[derive(Clone, Copy)]
enum Format {
    #[cfg(feature = "toml")]
    Toml,
    #[cfg(feature = "ini")]
    Ini,
}

impl Default for ConfigBuilder {
    fn default() -> Self {
        Self { prefix: "punctual.".to_owned(), sources: Vec::new(), plugins: Plugins::new() }
    }
}

impl Config {
    /// Returns a builder without sources.
    pub fn builder() -> ConfigBuilder {
        ConfigBuilder::default()
    }
}

impl ConfigBuilder {
    /// Sets the prefix of the keys in all sources. Default: `punctual.`. With an empty prefix, all keys of the sources are
    /// those of the scheduler.
    ///
    /// In environment variables the prefix is in upper case, and two underscores replace each dot: `PUNCTUAL__`.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Replaces the registry of stores, executors and triggers. Default: [`Plugins::new`].
    pub fn plugins(mut self, plugins: Plugins) -> Self {
        self.plugins = plugins;
        self
    }

    /// Sets one value. Unlike in other sources, a key without the prefix is an error.
    pub fn set(self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.source(Source::Value(key.into(), value.into()))
    }

    /// Adds a map with dotted keys. Values are texts, numbers, truth values, lists or nested maps.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use punctual_config::Config;
    ///
    /// let settings = HashMap::from([
    ///     ("punctual.timezone", "UTC"),
    ///     ("punctual.job_defaults.max_instances", "3"),
    ///     ("mail.server", "mail.example.org"),
    /// ]);
    /// let config = Config::builder().map(settings).build()?;
    /// # Ok::<(), punctual_config::ConfigError>(())
    /// ```
    pub fn map<K: Into<String>, V: Into<Value>>(
        self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let values = values.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.source(Source::Map(values.collect()))
    }

    /// Adds the environment variables of this process. The key `punctual.job_stores.default` is the variable
    /// `PUNCTUAL__JOB_STORES__DEFAULT`; names are converted to lower case. A variable with the name of the key itself is
    /// also accepted. Variables that are not Unicode are ignored.
    pub fn env(self) -> Self {
        let vars = std::env::vars_os();
        self.vars(vars.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Adds environment variables from another source than [`env`](Self::env), such as a file.
    pub fn vars<N: Into<String>, V: Into<String>>(
        self,
        vars: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut vars: Vec<_> =
            vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        // The order of the environment is not defined.
        vars.sort_unstable();
        self.source(Source::Env(vars))
    }

    /// Adds text in TOML. With the default prefix, everything is in the table `[punctual]`.
    #[cfg(feature = "toml")]
    pub fn toml(self, text: impl Into<String>) -> Self {
        self.source(Source::Text(Format::Toml, text.into()))
    }

    /// Adds a TOML file, which must exist; see [`toml`](Self::toml).
    #[cfg(feature = "toml")]
    pub fn toml_file(self, path: impl AsRef<Path>) -> Self {
        self.source(Source::File(Format::Toml, path.as_ref().to_owned()))
    }

    /// Adds text in the format of INI files. The name of a section is the beginning of its keys, as `[punctual]` or
    /// `[punctual.job_defaults]`. A key that begins with the prefix itself can be in any section, as in APScheduler.
    /// Lines that begin with `#` or `;` are comments; there are none after a value.
    #[cfg(feature = "ini")]
    pub fn ini(self, text: impl Into<String>) -> Self {
        self.source(Source::Text(Format::Ini, text.into()))
    }

    /// Adds an INI file, which must exist; see [`ini`](Self::ini).
    #[cfg(feature = "ini")]
    pub fn ini_file(self, path: impl AsRef<Path>) -> Self {
        self.source(Source::File(Format::Ini, path.as_ref().to_owned()))
    }

    fn source(mut self, source: Source) -> Self {
        self.sources.push(source);
        self
    }

    /// Reads the sources and merges them. Keys and values are checked when the configuration is applied.
    ///
    /// # Errors
    ///
    /// The first source that can't be read.
    pub fn build(self) -> Result<Config, ConfigError> {
        let stem = self.prefix.trim_end_matches('.').to_owned();
        let mut values = Map::new();
        let mut warnings = Vec::new();
        for source in self.sources {
            let Values { mut tree, place } = source.read(&self.prefix)?;
            let foreign = take_prefix(tree.clone(), apscheduler::PREFIX)?;
            let has_foreign = !foreign.is_empty();
            if has_foreign {
                merge(&mut values, apscheduler::translate(foreign, &mut warnings)?);
            }
            if stem.is_empty() {
                tree.remove(apscheduler::PREFIX.trim_end_matches('.'));
            }
            if self.prefix == apscheduler::PREFIX {
                continue;
            }
            let own = take_prefix(tree, &self.prefix)?;
            if let Some(place) = place
                && own.is_empty()
                && !has_foreign
            {
                let text = format!("no key in {place} begins with this prefix: it has no effect");
                warnings.push(ConfigWarning { key: self.prefix.clone(), text });
            }
            merge(&mut values, own);
        }
        Ok(Config { prefix: stem, values, warnings, plugins: self.plugins })
    }
}

impl Source {
    fn read(self, prefix: &str) -> Result<Values, ConfigError> {
        let mut tree = Map::new();
        match self {
            Self::Value(key, value) => {
                if !key.starts_with(prefix) && !key.starts_with(apscheduler::PREFIX) {
                    let stem = |prefix: &str| prefix.trim_end_matches('.').to_owned();
                    let known = [stem(prefix), stem(apscheduler::PREFIX)];
                    let name = key.split('.').next().unwrap_or_default().to_owned();
                    return Err(ConfigError::unknown_key(key, &name, &known));
                }
                insert(&mut tree, &key, value)?;
            }
            Self::Map(values) => {
                for (key, value) in values {
                    let has_prefix =
                        key.starts_with(prefix) || key.starts_with(apscheduler::PREFIX);
                    // Of a nested map, only the table of the prefix is read.
                    if has_prefix || value.is_object() {
                        insert(&mut tree, &key, value)?;
                    }
                }
            }
            Self::Env(vars) => tree = env::read(vars, prefix)?,
            #[cfg(any(feature = "toml", feature = "ini"))]
            Self::Text(format, text) => return format.read(format.name(), &text, prefix),
            #[cfg(any(feature = "toml", feature = "ini"))]
            Self::File(format, path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|source| ConfigError::File { path: path.clone(), source })?;
                return format.read(&path.display().to_string(), &text, prefix);
            }
        }
        Ok(Values { tree, place: None })
    }
}

/// The values of a source.
struct Values {
    tree: Map<String, Value>,
    /// The file, or the format of the text, if it contains keys. Other sources contain keys of other programs, too.
    place: Option<String>,
}

#[cfg(any(feature = "toml", feature = "ini"))]
impl Format {
    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "toml")]
            Self::Toml => "TOML",
            #[cfg(feature = "ini")]
            Self::Ini => "INI",
        }
    }

    fn read(self, place: &str, text: &str, prefix: &str) -> Result<Values, ConfigError> {
        let tree = match self {
            #[cfg(feature = "toml")]
            Self::Toml => crate::toml::read(place, text, prefix)?,
            #[cfg(feature = "ini")]
            Self::Ini => crate::ini::read(place, text, prefix)?,
        };
        let is_key = |line: &str| !line.is_empty() && !line.starts_with(['#', ';', '[']);
        let has_keys = text.lines().any(|line| is_key(line.trim()));
        Ok(Values { tree, place: has_keys.then(|| place.to_owned()) })
    }
}

impl fmt::Debug for ConfigBuilder {
    /// Omits the sources, which may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigBuilder")
            .field("prefix", &self.prefix)
            .field("sources", &self.sources.len())
            .finish_non_exhaustive()
    }
}
