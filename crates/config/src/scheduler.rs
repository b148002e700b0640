//! The options of a scheduler.

use std::time::Duration;

use punctual_core::{
    Coalesce, Codec, IntoZone, JobOptions, NodeId, Overlap, Recovery, RetryOn, RetryPolicy, Zone,
};
use punctual_scheduler::{FailureLog, HistoryOptions, JobBuilder, SchedulerBuilder};
use serde_json::Value;

use crate::error::ConfigError;
use crate::errors::Errors;
use crate::section::Section;

const COALESCE: &[(&str, Coalesce)] = &[
    ("latest", Coalesce::Latest),
    ("earliest", Coalesce::Earliest),
    ("all", Coalesce::All),
    // As in APScheduler.
    ("true", Coalesce::Latest),
    ("false", Coalesce::All),
];

const OVERLAP: &[(&str, Overlap)] = &[
    ("skip", Overlap::Skip),
    ("queue_one", Overlap::QueueOne),
    ("queue_all", Overlap::QueueAll),
    ("cancel_running", Overlap::CancelRunning),
];

/// Takes the time zone.
pub(crate) fn read_zone(section: &mut Section) -> Result<Option<Zone>, ConfigError> {
    let Some(name) = section.take::<String>("timezone")? else { return Ok(None) };
    let zone = name.into_zone();
    zone.map(Some).map_err(|error| ConfigError::rejected(section.key_of("timezone"), error))
}

/// Applies all options that are not stores, executors or jobs.
pub(crate) fn apply<S>(
    mut builder: SchedulerBuilder<S>,
    section: &mut Section,
    errors: &mut Errors,
) -> SchedulerBuilder<S> {
    if let Some(node_id) = errors.option(read_node_id(section)) {
        builder = builder.node_id(node_id);
    }
    if let Some(delay) = errors.option(section.take::<Duration>("max_retry_delay")) {
        builder = builder.max_retry_delay(delay);
    }
    if let Some(lease) = errors.option(section.take::<Duration>("lease")) {
        builder = builder.lease(lease);
    }
    if let Some(interval) = errors.option(section.take::<Duration>("poll_interval")) {
        builder = builder.poll_interval(interval);
    }
    if let Some(grace) = errors.option(section.take::<Duration>("cancel_grace")) {
        builder = builder.cancel_grace(grace);
    }
    if let Some(timeout) = errors.option(section.take::<Duration>("shutdown_timeout")) {
        builder = builder.shutdown_timeout(timeout);
    }
    if let Some(max) = errors.option(section.take::<usize>("max_concurrent_runs")) {
        builder = builder.max_concurrent_runs(max);
    }
    if errors.option(section.take("client_only")) == Some(true) {
        builder = builder.client_only();
    }
    if let Some(codec) = errors.option(read_codec(section)) {
        builder = builder.codec(codec);
    }
    if let Some(failures) = errors.option(section.take_word(
        "failure_log",
        &[
            ("full", FailureLog::Full),
            ("without_errors", FailureLog::WithoutErrors),
            ("off", FailureLog::Off),
        ],
    )) {
        builder = builder.failure_log(failures);
    }
    if let Some(history) = errors.option(read_history(section)) {
        builder = builder.history(history);
    }
    if let Some(defaults) = errors.option(read_job_defaults(section)) {
        builder = builder.job_defaults(defaults);
    }
    builder
}

fn read_node_id(section: &mut Section) -> Result<Option<String>, ConfigError> {
    let Some(node_id) = section.take::<String>("node_id")? else { return Ok(None) };
    match NodeId::new(&node_id) {
        Ok(_) => Ok(Some(node_id)),
        Err(error) => Err(ConfigError::rejected(section.key_of("node_id"), error)),
    }
}

fn read_job_defaults(section: &mut Section) -> Result<Option<JobOptions>, ConfigError> {
    let Some(mut section) = section.take_section("job_defaults")? else { return Ok(None) };
    let options = read_job_options(&mut section)?.options();
    options.check().map_err(|error| ConfigError::rejected(section.key(), error))?;
    section.finish()?;
    Ok(Some(options))
}

fn read_codec(section: &mut Section) -> Result<Option<Codec>, ConfigError> {
    let words: &[(&str, Option<Codec>)] = &[
        ("json", Some(Codec::Json)),
        #[cfg(feature = "codec-bincode")]
        ("bincode", Some(Codec::Bincode)),
        #[cfg(not(feature = "codec-bincode"))]
        ("bincode", None),
    ];
    match section.take_word("codec", words)? {
        Some(None) => Err(ConfigError::MissingFeature {
            key: section.key_of("codec"),
            value: "bincode".to_owned(),
            feature: "codec-bincode",
        }),
        codec => Ok(codec.flatten()),
    }
}

/// Takes the options of the history: whether there is one, or a table.
pub(crate) fn read_history(section: &mut Section) -> Result<Option<HistoryOptions>, ConfigError> {
    let Some(value) = section.take_value("history") else { return Ok(None) };
    let Value::Object(values) = value else {
        return match crate::value::FromConfig::from_config(&value) {
            Some(true) => Ok(Some(HistoryOptions::enabled())),
            Some(false) => Ok(Some(HistoryOptions::disabled())),
            None => Err(section.invalid("history", &value, "true, false or a table")),
        };
    };
    let mut section = Section::new(section.key_of("history"), values);
    let options = read_history_section(&mut section)?;
    section.finish()?;
    Ok(Some(options))
}

pub(crate) fn read_history_section(section: &mut Section) -> Result<HistoryOptions, ConfigError> {
    let mut options = match section.take("enabled")? {
        Some(false) => HistoryOptions::disabled(),
        _ => HistoryOptions::enabled(),
    };
    if let Some(age) = section.take::<Option<Duration>>("max_age")? {
        options = options.max_age(age);
    }
    if let Some(count) = section.take::<Option<usize>>("max_per_job")? {
        options = options.max_per_job(count);
    }
    Ok(options)
}

/// The options of a job, as far as they are set.
#[derive(Clone, Debug)]
pub(crate) struct GivenJobOptions {
    pub(crate) misfire_grace_time: Option<Option<Duration>>,
    pub(crate) coalesce: Option<Coalesce>,
    pub(crate) max_instances: Option<u32>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) max_catch_up_runs: Option<Option<u32>>,
    pub(crate) max_catch_up_age: Option<Option<Duration>>,
    pub(crate) timeout: Option<Option<Duration>>,
    pub(crate) retry: Option<Option<RetryPolicy>>,
}

impl GivenJobOptions {
    /// The options over the defaults of the library.
    pub(crate) fn options(&self) -> JobOptions {
        let mut options = JobOptions::new();
        options.misfire_grace_time = self.misfire_grace_time.unwrap_or(options.misfire_grace_time);
        options.coalesce = self.coalesce.unwrap_or(options.coalesce);
        options.max_instances = self.max_instances.unwrap_or(options.max_instances);
        options.recovery = self.recovery.unwrap_or(options.recovery);
        options.overlap = self.overlap.or(options.overlap);
        options.max_catch_up_runs = self.max_catch_up_runs.unwrap_or(options.max_catch_up_runs);
        options.max_catch_up_age = self.max_catch_up_age.unwrap_or(options.max_catch_up_age);
        options.timeout = self.timeout.unwrap_or(options.timeout);
        options.retry(self.retry.clone().flatten())
    }

    /// Sets the given options of a job.
    pub(crate) fn apply(self, mut job: JobBuilder<()>) -> JobBuilder<()> {
        if let Some(grace) = self.misfire_grace_time {
            job = job.misfire_grace_time(grace);
        }
        if let Some(coalesce) = self.coalesce {
            job = job.coalesce(coalesce);
        }
        if let Some(max) = self.max_instances {
            job = job.max_instances(max);
        }
        if let Some(recovery) = self.recovery {
            job = job.recovery(recovery);
        }
        if let Some(overlap) = self.overlap {
            job = job.overlap(overlap);
        }
        if let Some(runs) = self.max_catch_up_runs {
            job = job.max_catch_up_runs(runs);
        }
        if let Some(age) = self.max_catch_up_age {
            job = job.max_catch_up_age(age);
        }
        if let Some(timeout) = self.timeout {
            job = job.timeout(timeout);
        }
        if let Some(policy) = self.retry {
            job = job.retry(policy);
        }
        job
    }
}

/// Takes the options of jobs, which a job and `job_defaults` have in common.
pub(crate) fn read_job_options(section: &mut Section) -> Result<GivenJobOptions, ConfigError> {
    let recoveries = [("skip", Recovery::Skip), ("rerun", Recovery::Rerun)];
    Ok(GivenJobOptions {
        misfire_grace_time: section.take("misfire_grace_time")?,
        coalesce: section.take_word("coalesce", COALESCE)?,
        max_instances: section.take("max_instances")?,
        recovery: section.take_word("recovery", &recoveries)?,
        overlap: section.take_word("overlap", OVERLAP)?,
        max_catch_up_runs: section.take("max_catch_up_runs")?,
        max_catch_up_age: section.take("max_catch_up_age")?,
        timeout: section.take("timeout")?,
        retry: read_retry(section)?,
    })
}

/// Takes a retry policy: a table, or `none`, by which a job has no policy although `job_defaults` has one.
fn read_retry(section: &mut Section) -> Result<Option<Option<RetryPolicy>>, ConfigError> {
    let Some(value) = section.take_value("retry") else { return Ok(None) };
    let values = match value {
        Value::Object(values) => values,
        Value::String(text) if text.trim().eq_ignore_ascii_case("none") => return Ok(Some(None)),
        value => return Err(section.invalid("retry", &value, "a table, or \"none\"")),
    };
    let mut section = Section::new(section.key_of("retry"), values);
    let policy = read_retry_section(&mut section)?;
    section.finish()?;
    Ok(Some(Some(policy)))
}

pub(crate) fn read_retry_section(section: &mut Section) -> Result<RetryPolicy, ConfigError> {
    let delay: Duration = section.require("delay", "it is the delay before the first retry")?;
    let is_exponential =
        section.take_word("backoff", &[("fixed", false), ("exponential", true)])?;
    let mut policy = match is_exponential {
        Some(true) => RetryPolicy::exponential(delay),
        _ => RetryPolicy::fixed(delay),
    };
    if let Some(factor) = section.take("factor")? {
        policy = policy.factor(factor);
    }
    if let Some(delay) = section.take::<Option<Duration>>("max_delay")? {
        policy = policy.max_delay(delay);
    }
    if let Some(percent) = section.take::<u32>("jitter")? {
        policy = policy.jitter(percent.try_into().unwrap_or(u8::MAX));
    }
    if let Some(attempts) = section.take("max_attempts")? {
        policy = policy.max_attempts(attempts);
    }
    if let Some(elapsed) = section.take::<Option<Duration>>("max_elapsed")? {
        policy = policy.max_elapsed(elapsed);
    }
    if let Some(names) = section.take::<Vec<String>>("on")? {
        let Some(failures) = RetryOn::from_names(&names) else {
            let expected = "a list of failed, panicked, timed_out, killed and lost";
            return Err(section.invalid("on", &names.join(", ").into(), expected));
        };
        policy = policy.on(failures);
    }
    Ok(policy)
}
