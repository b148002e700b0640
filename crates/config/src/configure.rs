//! Applies a configuration to the builder of a scheduler.

use punctual_core::{Alias, log_warning};
use punctual_scheduler::SchedulerBuilder;

use crate::config::Config;
use crate::error::ConfigError;
use crate::errors::Errors;
use crate::section::Section;
use crate::{executors, jobs, scheduler, stores};

/// Adds [`configure`](Self::configure) to the builder of a scheduler.
pub trait Configure: Sized {
    /// Applies a configuration: options, stores, executors and jobs. Options that are not configured are not changed; of
    /// an option that is set twice, by this method and by another one of the builder, the later call applies. Stores,
    /// executors and jobs are added to those of the builder.
    ///
    /// The jobs call tasks that are registered with the builder, so tasks are registered first. Jobs are added with
    /// `replace_existing`, unless they set it to false: those with the same trigger keep their next run times.
    ///
    /// Warnings about keys of APScheduler are logged.
    ///
    /// ```
    /// use punctual_config::{Config, Configure};
    /// use punctual_macros::task;
    /// # extern crate punctual_core as punctual;
    /// use punctual_scheduler::BackgroundScheduler;
    ///
    /// #[task]
    /// fn send_mail(to: String) {
    ///     println!("to {to}");
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let config = Config::builder()
    ///     .set("punctual.timezone", "Europe/Helsinki")
    ///     .set("punctual.jobs.mail.task", "send_mail")
    ///     .set("punctual.jobs.mail.args", vec!["ann@example.org"])
    ///     .set("punctual.jobs.mail.trigger", "cron")
    ///     .set("punctual.jobs.mail.hour", 5)
    ///     .set("punctual.jobs.mail.day_of_week", "mon-fri")
    ///     .build()?;
    /// let scheduler = BackgroundScheduler::builder().task(send_mail).configure(&config)?.build()?;
    /// assert!(scheduler.get_job("mail")?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Unknown keys, invalid values and missing features: [`Several`](ConfigError::Several) if there is more than one, of each
    /// store, executor and job the first one. Options that are out of range are errors of `build`.
    fn configure(self, config: &Config) -> Result<Self, ConfigError>;
}

impl<S> Configure for SchedulerBuilder<S> {
    fn configure(self, config: &Config) -> Result<Self, ConfigError> {
        for warning in config.warnings() {
            log_warning(&warning);
        }
        let mut root = config.root();
        let mut errors = Errors::default();
        let builder = apply(self, config, &mut root, &mut errors);
        errors.take(root.finish());
        errors.finish(builder)
    }
}

/// Takes all keys, also after an error.
pub(crate) fn apply<S>(
    mut builder: SchedulerBuilder<S>,
    config: &Config,
    root: &mut Section,
    errors: &mut Errors,
) -> SchedulerBuilder<S> {
    let zone = errors.option(scheduler::read_zone(root));
    if let Some(zone) = &zone {
        builder = builder.timezone(zone);
    }
    builder = scheduler::apply(builder, root, errors);
    for_each(root, "job_stores", errors, |section, alias| {
        let configured = stores::read(section, alias, &config.plugins)?;
        let mut with_store = std::mem::take(&mut builder).job_store(alias, configured.store);
        if let Some(history) = configured.history {
            with_store = with_store.history_of(alias, history);
        }
        builder = with_store;
        Ok(())
    });
    for_each(root, "executors", errors, |section, alias| {
        let executor = executors::read(section, alias, &config.plugins)?;
        builder = std::mem::take(&mut builder).executor(alias, executor);
        Ok(())
    });
    let tasks: Vec<_> = builder.registered_tasks().cloned().collect();
    let jobs = errors.take(jobs::read_all(root, zone, &config.plugins, &tasks));
    builder.jobs(jobs.unwrap_or_default())
}

/// Calls `read` with each alias in a section of stores or executors, in alphabetical order.
fn for_each(
    root: &mut Section,
    name: &str,
    errors: &mut Errors,
    mut read: impl FnMut(&mut Section, &str) -> Result<(), ConfigError>,
) {
    let Some(mut section) = errors.option(root.take_section(name)) else { return };
    let mut aliases = section.names();
    aliases.sort_unstable();
    for alias in aliases {
        errors.take(match Alias::new(&alias) {
            Ok(_) => read(&mut section, &alias),
            Err(error) => Err(ConfigError::rejected(section.key_of(&alias), error)),
        });
    }
}
