//! The job stores of this repository, and the section of a store.

use std::sync::Arc;

use punctual_backends::{Backend, Options};
use punctual_core::DynJobStore;
use punctual_scheduler::HistoryOptions;
use serde_json::Value;

use crate::error::ConfigError;
use crate::plugins::{PluginError, Plugins};
use crate::scheduler::read_history;
use crate::section::Section;

/// A store, and the options of its history if they differ from those of the scheduler.
pub(crate) struct ConfiguredStore {
    pub(crate) store: Arc<dyn DynJobStore>,
    pub(crate) history: Option<HistoryOptions>,
}

/// Opens a store of the list of backends.
type OpenBackend =
    Box<dyn Fn(&str, &mut Section) -> Result<Arc<dyn DynJobStore>, PluginError> + Send + Sync>;

/// The stores of the list of backends, by the schemes of their URLs.
pub(crate) fn all() -> impl Iterator<Item = (String, OpenBackend)> {
    Backend::all().iter().flat_map(|backend| {
        backend.url_prefixes().map(move |prefix| {
            let scheme = prefix.trim_end_matches("//").trim_end_matches(':').to_owned();
            let open: OpenBackend = Box::new(|url, section| open(backend, url, section));
            (scheme, open)
        })
    })
}

fn open(
    backend: &'static Backend,
    url: &str,
    section: &mut Section,
) -> Result<Arc<dyn DynJobStore>, PluginError> {
    if !backend.is_available() {
        return Err(Box::new(ConfigError::MissingFeature {
            key: section.key().to_owned(),
            value: backend.id().to_owned(),
            feature: backend.feature(),
        }));
    }
    let mut options = Options::new();
    for name in backend.options().iter().copied().chain(["prefix", "make_tables"]) {
        // Not secret, and the error about an invalid option names it with its value.
        if let Some(value) = section.take_value(name) {
            let text = match value {
                Value::String(text) => text,
                value @ (Value::Bool(_) | Value::Number(_)) => value.to_string(),
                value => return Err(Box::new(section.invalid(name, &value, "a text or a number"))),
            };
            options = options.with(name, text);
        }
    }
    Ok(backend.open(url, &options)?)
}

/// Reads the value of a store: a URL, the name of a store without a location, or a section.
pub(crate) fn read(
    parent: &mut Section,
    alias: &str,
    plugins: &Plugins,
) -> Result<ConfiguredStore, ConfigError> {
    let key = parent.key_of(alias);
    let (url_key, url, mut section) = match parent.take_value(alias) {
        Some(Value::String(url)) => (key.clone(), url, Section::new(key, serde_json::Map::new())),
        Some(Value::Object(values)) => {
            let mut section = Section::new(key, values);
            let (name, url) = read_url(&mut section, plugins)?;
            (section.key_of(name), url, section)
        }
        _ => return Err(parent.invalid_secret(alias, "the URL of a store, or a table")),
    };
    let url = match url.as_str() {
        "memory" => "memory:",
        url => url,
    };
    let store = plugins.open_store(&url_key, url, &mut section)?;
    let history = read_history(&mut section)?;
    section.finish()?;
    Ok(ConfiguredStore { store, history })
}

/// Takes the URL of a store, or the one that is formed by its `type`.
fn read_url(
    section: &mut Section,
    plugins: &Plugins,
) -> Result<(&'static str, String), ConfigError> {
    let url: Option<String> = section.take_secret("url")?;
    let kind: Option<String> = section.take("type")?;
    match (url, kind) {
        (Some(url), None) => Ok(("url", url)),
        (None, Some(kind)) if kind == "memory" => Ok(("type", kind)),
        (None, Some(_)) => Err(section.missing("url", "it is the location of the jobs")),
        (None, None) => Err(section
            .missing("url", "it is the location of the jobs; \"memory:\" is a store in memory")),
        (Some(url), Some(kind)) => {
            let schemes = plugins.store_schemes();
            if !schemes.contains(&kind) {
                let key = section.key_of("type");
                return Err(ConfigError::unknown_name(key, "job store", &kind, schemes));
            }
            if url.split_once(':').is_some_and(|(scheme, _)| scheme == kind) {
                Ok(("url", url))
            } else {
                Err(section.invalid_secret("url", &format!("a URL that begins with {kind}:")))
            }
        }
    }
}
