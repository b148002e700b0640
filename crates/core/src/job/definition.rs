//! The definition of a job.

mod stored_form;

use std::sync::Arc;

use super::{JobOptions, RetryOf, Tags};
use crate::alias::Alias;
use crate::codec::{CodecError, Encoded};
use crate::task::TaskName;
use crate::time::Timestamp;
use crate::trigger::TriggerSpec;

/// The user-defined part of a job. It is modified only by updates, never by runs.
///
/// The stored form contains a version: the oldest one that can express the definition, so that earlier builds can read
/// jobs that use nothing newer. Decoding fails if the version is newer than this build supports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobDefinition {
    /// The name of the task in the registry.
    pub task: TaskName,
    /// The encoded arguments, one value of the argument type of the task.
    pub args: Encoded,
    /// The stored form of the trigger.
    pub trigger: TriggerSpec,
    /// The display name, which need not be unique.
    pub name: String,
    /// The alias of the executor that runs the job.
    pub executor: Alias,
    /// The options of its runs.
    pub options: JobOptions,
    /// The tags by which the job can be selected.
    pub tags: Tags,
    /// A next run time that was set explicitly or computed by a previous trigger. It is not recomputed when the rules
    /// of the time zone of the trigger change.
    pub first_run: Option<Timestamp>,
    /// The run to which the run of this job belongs, if the job is a retry or a dead letter.
    pub retry_of: Option<Arc<RetryOf>>,
}

impl JobDefinition {
    /// Creates a definition from its parts, without tags.
    #[must_use]
    pub fn new(
        task: TaskName,
        args: Encoded,
        trigger: TriggerSpec,
        name: String,
        executor: Alias,
        options: JobOptions,
    ) -> Self {
        let tags = Tags::default();
        let (first_run, retry_of) = (None, None);
        Self { task, args, trigger, name, executor, options, tags, first_run, retry_of }
    }

    /// Encodes the definition for a store, with the codec of its arguments.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the feature of that codec is disabled in this build.
    pub fn encode(&self) -> Result<Encoded, CodecError> {
        stored_form::encode(self)
    }

    /// Decodes a stored definition.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the bytes are not a definition, or a definition of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        stored_form::decode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;
    use crate::job::{JobId, RetryPolicy, Tag};

    fn definition() -> JobDefinition {
        JobDefinition::new(
            TaskName::new("send_mail").unwrap(),
            Codec::Json.encode(&("ann", 3)).unwrap(),
            TriggerSpec::new("date", 1, &"2026-01-01T00:00:00Z").unwrap(),
            "mail".into(),
            Alias::default(),
            JobOptions::default(),
        )
    }

    #[test]
    fn the_json_form_is_stable() {
        let json = definition().encode().unwrap();
        assert_eq!(
            std::str::from_utf8(json.as_bytes()).unwrap(),
            r#"{"version":1,"task":"send_mail","args":["ann",3],"trigger":{"kind":"date","version":1,"data":"2026-01-01T00:00:00Z"},"name":"mail","executor":"default","options":{"misfire_grace_time":null,"coalesce":"latest","max_instances":1,"recovery":"skip"},"first_run":null}"#
        );
        assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), definition());
    }

    fn tagged() -> JobDefinition {
        let mut definition = definition();
        definition.tags = Tags::new(["b", "a"].map(|tag| Tag::new(tag).unwrap())).unwrap();
        definition
    }

    #[test]
    fn tags_are_stored_in_version_2() {
        let json = tagged().encode().unwrap();
        assert_eq!(
            std::str::from_utf8(json.as_bytes()).unwrap(),
            r#"{"version":2,"task":"send_mail","args":["ann",3],"trigger":{"kind":"date","version":1,"data":"2026-01-01T00:00:00Z"},"name":"mail","executor":"default","options":{"misfire_grace_time":null,"coalesce":"latest","max_instances":1,"recovery":"skip","overlap":null,"max_catch_up_runs":null,"max_catch_up_age":null},"first_run":null,"tags":["a","b"]}"#
        );
        assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), tagged());
        let no_tags = std::str::from_utf8(json.as_bytes()).unwrap().replace(r#""a","b""#, "");
        assert_eq!(JobDefinition::decode(no_tags.as_bytes()).unwrap(), definition());
        let invalid = no_tags.replace("[]", r#"[""]"#);
        let error = JobDefinition::decode(invalid.as_bytes()).unwrap_err();
        let told = crate::error_chain(&error).to_string();
        assert!(told.contains(r#"tag "" is not valid"#), "{told}");
    }

    #[test]
    fn options_that_version_1_cant_express_are_stored_in_version_2() {
        for options in [
            JobOptions::new().overlap(crate::job::Overlap::QueueOne),
            JobOptions::new().max_catch_up_runs(3),
            JobOptions::new().max_catch_up_age(std::time::Duration::from_secs(3)),
        ] {
            let changed = JobDefinition { options, ..definition() };
            let json = changed.encode().unwrap();
            assert!(json.as_bytes().starts_with(br#"{"version":2,"#));
            assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), changed);
        }
    }

    #[test]
    fn a_timeout_is_stored_in_version_3() {
        let mut definition = tagged();
        definition.options.timeout = Some(std::time::Duration::from_secs(3));
        let json = definition.encode().unwrap();
        let text = std::str::from_utf8(json.as_bytes()).unwrap();
        assert!(text.starts_with(r#"{"version":3,"#), "{text}");
        assert!(
            text.contains(
                r#""max_catch_up_age":null,"timeout":{"secs":3,"nanos":0},"retry":null}"#
            ),
            "{text}"
        );
        assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), definition);
    }

    #[test]
    fn retries_are_stored_in_version_3() {
        let policy = RetryPolicy::exponential(std::time::Duration::from_secs(3)).jitter(50);
        let mut definition = definition();
        definition.options.retry = Some(Box::new(policy));
        let json = definition.encode().unwrap();
        let text = std::str::from_utf8(json.as_bytes()).unwrap();
        assert!(
            text.contains(
                r#""retry":{"delay":{"secs":3,"nanos":0},"factor":2,"max_delay":null,"jitter":50,"max_attempts":3,"max_elapsed":null,"on":["failed","panicked","timed_out","killed"]}}"#
            ),
            "{text}"
        );
        assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), definition);
        let (job, run) = (JobId::new("job").unwrap(), crate::RunId::from_u128(7));
        let at = Timestamp::from_seconds(60);
        let failed = RetryOf::new(job, run, at, 2, at, "failed".into());
        definition.retry_of = Some(Arc::new(failed.with_error(Some("no connection".into()))));
        let json = definition.encode().unwrap();
        let text = std::str::from_utf8(json.as_bytes()).unwrap();
        assert!(
            text.ends_with(
                r#""retry_of":{"job_id":"job","run_id":"00000000000000000000000000000007","scheduled_time":60000000,"failed_attempt":2,"failed_retry":null,"earlier_attempts":0,"first_failure":60000000,"last_failure":60000000,"outcome":"failed","error":"no connection","is_dead":false}}"#
            ),
            "{text}"
        );
        assert_eq!(JobDefinition::decode(json.as_bytes()).unwrap(), definition);
    }

    #[test]
    fn too_many_tags_are_an_error() {
        let tags = (0..33).map(|number| Tag::new(number.to_string()).unwrap());
        let error = Tags::new(tags).unwrap_err();
        assert_eq!(error.to_string(), "tags is a set of 33: a job has at most 32 tags");
    }

    #[cfg(feature = "codec-bincode")]
    #[test]
    fn bincode_preserves_all_fields() {
        let mut definition = definition();
        definition.args = Codec::Bincode.encode(&("ann", 3)).unwrap();
        definition.options.misfire_grace_time = Some(std::time::Duration::from_millis(1500));
        definition.options.max_instances = 4;
        definition.first_run = Some(Timestamp::from_seconds(60));
        let bytes = definition.encode().unwrap();
        assert_eq!(JobDefinition::decode(bytes.as_bytes()).unwrap(), definition);
        definition.tags = tagged().tags;
        let longer = definition.encode().unwrap();
        assert_eq!(JobDefinition::decode(longer.as_bytes()).unwrap(), definition);
        assert_eq!(
            longer.as_bytes().len(),
            bytes.as_bytes().len() + 1 + 4 + 3,
            "two tags, and three options"
        );
        definition.options.overlap = Some(crate::job::Overlap::CancelRunning);
        definition.options.max_catch_up_runs = Some(7);
        definition.options.max_catch_up_age = Some(std::time::Duration::from_secs(8));
        let all = definition.encode().unwrap();
        assert_eq!(JobDefinition::decode(all.as_bytes()).unwrap(), definition);
    }

    #[test]
    fn a_newer_version_is_reported_even_if_its_format_is_unknown() {
        let error = JobDefinition::decode(br#"{"version":9,"novel":true}"#).unwrap_err();
        let told = crate::error_chain(&error).to_string();
        assert!(told.contains("version 9"), "{told}");
    }
}
