//! The executors of this repository.

use std::sync::Arc;

use punctual_core::{DebugExecutor, Executor};
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::plugins::{PluginError, Plugins};
use crate::section::Section;

type Create = fn(&mut Section) -> Result<Arc<dyn Executor>, PluginError>;

/// The executors by name.
pub(crate) const ALL: &[(&str, Create)] = &[
    ("tokio", tokio),
    ("threadpool", thread_pool),
    ("processpool", process_pool),
    ("debug", |_| Ok(Arc::new(DebugExecutor))),
];

#[cfg(feature = "executor-tokio")]
fn tokio(_: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    Ok(Arc::new(punctual_executor_tokio::TokioExecutor::new()))
}

#[cfg(not(feature = "executor-tokio"))]
fn tokio(section: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    Err(missing(section, "tokio", "executor-tokio"))
}

#[cfg(feature = "executor-threads")]
fn thread_pool(section: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    use punctual_executor_threads::ThreadPoolExecutor;
    Ok(Arc::new(match section.take("max_workers")? {
        None => ThreadPoolExecutor::default(),
        Some(0) => return Err(Box::new(section.invalid("max_workers", &0.into(), "at least 1"))),
        Some(threads) => ThreadPoolExecutor::new(threads),
    }))
}

#[cfg(not(feature = "executor-threads"))]
fn thread_pool(section: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    Err(missing(section, "threadpool", "executor-threads"))
}

#[cfg(all(unix, feature = "executor-process"))]
fn process_pool(section: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    use std::path::PathBuf;
    use std::time::Duration;

    use punctual_executor_process::ProcessPoolExecutor;

    let mut builder = ProcessPoolExecutor::builder();
    macro_rules! options {
        ($($name:literal $type:ty => $method:ident;)*) => {
            $(if let Some(value) = section.take::<$type>($name)? {
                builder = builder.$method(value);
            })*
        };
    }
    options! {
        "max_workers" usize => processes;
        "recycle_after" u64 => recycle_after;
        "recycle_memory" u64 => recycle_memory;
        "memory_limit" u64 => memory_limit;
        "timeout" Duration => timeout;
        "grace" Duration => grace;
        "nice" i32 => nice;
        "max_message_bytes" usize => max_message_bytes;
        "current_dir" PathBuf => current_dir;
        "args" Vec<String> => args;
    }
    if section.take("eager")? == Some(true) {
        builder = builder.eager();
    }
    if section.take("env_clear")? == Some(true) {
        builder = builder.env_clear();
    }
    Ok(Arc::new(builder.build()?))
}

#[cfg(not(all(unix, feature = "executor-process")))]
fn process_pool(section: &mut Section) -> Result<Arc<dyn Executor>, PluginError> {
    Err(missing(section, "processpool", "executor-process"))
}

#[cfg(not(all(
    unix,
    feature = "executor-process",
    feature = "executor-threads",
    feature = "executor-tokio"
)))]
fn missing(section: &Section, name: &str, feature: &'static str) -> PluginError {
    Box::new(ConfigError::MissingFeature {
        key: section.key().to_owned(),
        value: name.to_owned(),
        feature,
    })
}

/// Reads the value of an executor: its name, or a section with its `type`.
pub(crate) fn read(
    parent: &mut Section,
    alias: &str,
    plugins: &Plugins,
) -> Result<Arc<dyn Executor>, ConfigError> {
    let key = parent.key_of(alias);
    match parent.take_value(alias) {
        Some(Value::String(name)) => {
            let mut section = Section::new(key.clone(), Map::new());
            plugins.create_executor(key, &name, &mut section)
        }
        Some(Value::Object(values)) => {
            let mut section = Section::new(key, values);
            let name: String = section.require("type", "it is the kind of the executor")?;
            let key = section.key_of("type");
            let executor = plugins.create_executor(key, &name, &mut section)?;
            section.finish()?;
            Ok(executor)
        }
        Some(value) => Err(parent.invalid(alias, &value, "the name of an executor, or a table")),
        None => Err(parent.absent(alias, "it is an executor")),
    }
}
