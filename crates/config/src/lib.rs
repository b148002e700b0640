//! Configuration of the Punctual job scheduler: from maps, TOML and INI files, and environment variables, with the same
//! keys in each of them.
//!
//! A [`Config`] is built from any number of sources, of which the later ones override the earlier ones. It is applied to
//! the builder of a scheduler by [`Configure::configure`]. The keys are described in the
//! [guide](https://github.com/punctual-rs/punctual/blob/main/docs/guide/configuration.md). Programs use the crate
//! `punctual`, which re-exports this one as `punctual::config`.
//!
//! ```
//! use punctual_config::{Config, Configure};
//! use punctual_scheduler::BackgroundScheduler;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::builder()
//!     .set("punctual.timezone", "Europe/Helsinki")
//!     .set("punctual.job_stores.default", "memory:")
//!     .set("punctual.job_defaults.max_instances", 3)
//!     .env()
//!     .build()?;
//! let scheduler = BackgroundScheduler::builder().configure(&config)?.build()?;
//! # Ok(())
//! # }
//! ```
//!
//! Names of stores, executors and triggers are resolved by [`Plugins`], to which other crates can add their own.

mod apscheduler;
mod builder;
mod builtin;
mod config;
mod configure;
mod configured_trigger;
mod env;
mod error;
mod errors;
mod executors;
#[cfg(feature = "ini")]
mod ini;
mod jobs;
#[cfg(all(test, unix, feature = "executor-process", feature = "executor-threads"))]
mod keys_tests;
mod plugins;
mod scheduler;
mod section;
mod stores;
#[cfg(feature = "toml")]
mod toml;
mod tree;
mod triggers;
mod value;

pub use builder::ConfigBuilder;
pub use config::Config;
pub use configure::Configure;
pub use configured_trigger::ConfiguredTrigger;
pub use error::{ConfigError, ConfigWarning};
pub use plugins::{PluginError, Plugins};
pub use section::Section;
pub use value::FromConfig;
