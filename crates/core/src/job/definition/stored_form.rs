//! The stored forms of job definitions, by version.
//!
//! A definition is encoded in the oldest version that can express it: jobs that don't use anything newer keep their
//! bytes, and processes of earlier builds that share the store can run them. Every form begins with the version, so that
//! it can be decoded even if the other fields can't be. A form never changes; new fields belong into a new version.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::JobDefinition;
use crate::alias::Alias;
use crate::codec::{Codec, CodecError, Encoded};
use crate::job::{Coalesce, JobOptions, Overlap, Recovery, RetryOf, RetryPolicy, Tags};
use crate::task::TaskName;
use crate::time::Timestamp;
use crate::trigger::TriggerSpec;

/// The newest version.
const NEWEST: u32 = 3;

#[derive(Serialize, Deserialize)]
struct Version1<'a> {
    version: u32,
    task: Cow<'a, TaskName>,
    args: Cow<'a, Encoded>,
    trigger: Cow<'a, TriggerSpec>,
    name: Cow<'a, str>,
    executor: Cow<'a, Alias>,
    options: Options1,
    first_run: Option<Timestamp>,
}

/// With tags, and with options for overlapping runs and for catching up.
#[derive(Serialize, Deserialize)]
struct Version2<'a> {
    version: u32,
    task: Cow<'a, TaskName>,
    args: Cow<'a, Encoded>,
    trigger: Cow<'a, TriggerSpec>,
    name: Cow<'a, str>,
    executor: Cow<'a, Alias>,
    options: Options2,
    first_run: Option<Timestamp>,
    tags: Cow<'a, Tags>,
}

/// With a timeout, a retry policy, and the run to which a retry belongs.
#[derive(Serialize, Deserialize)]
struct Version3<'a> {
    version: u32,
    task: Cow<'a, TaskName>,
    args: Cow<'a, Encoded>,
    trigger: Cow<'a, TriggerSpec>,
    name: Cow<'a, str>,
    executor: Cow<'a, Alias>,
    options: Options3<'a>,
    first_run: Option<Timestamp>,
    tags: Cow<'a, Tags>,
    retry_of: Option<Cow<'a, RetryOf>>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options1 {
    misfire_grace_time: Option<Duration>,
    coalesce: Coalesce,
    max_instances: u32,
    recovery: Recovery,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options2 {
    misfire_grace_time: Option<Duration>,
    coalesce: Coalesce,
    max_instances: u32,
    recovery: Recovery,
    overlap: Option<Overlap>,
    max_catch_up_runs: Option<u32>,
    max_catch_up_age: Option<Duration>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options3<'a> {
    misfire_grace_time: Option<Duration>,
    coalesce: Coalesce,
    max_instances: u32,
    recovery: Recovery,
    overlap: Option<Overlap>,
    max_catch_up_runs: Option<u32>,
    max_catch_up_age: Option<Duration>,
    timeout: Option<Duration>,
    retry: Option<Cow<'a, RetryPolicy>>,
}

/// Encodes a definition with the codec of its arguments.
pub(super) fn encode(definition: &JobDefinition) -> Result<Encoded, CodecError> {
    let codec = definition.args.codec()?;
    let options = &definition.options;
    match Options1::of(options) {
        Some(options) if definition.tags.is_empty() && definition.retry_of.is_none() => {
            return codec.encode(&Version1::of(definition, options));
        }
        _ => {}
    }
    match Options2::of(options) {
        Some(options) if definition.retry_of.is_none() => {
            codec.encode(&Version2::of(definition, options))
        }
        _ => codec.encode(&Version3::of(definition)),
    }
}

/// Decodes a definition of any version.
pub(super) fn decode(bytes: &[u8]) -> Result<JobDefinition, CodecError> {
    #[derive(Deserialize)]
    struct Head {
        version: u32,
    }
    // Most definitions are of this version, and are decoded in one step.
    let first: Result<Version1<'_>, _> = decode_owned(bytes);
    let error = match first {
        Ok(first) if first.version == 1 => return Ok(first.into_definition()),
        Ok(_) => CodecError::decode("the version and the content of the job don't match"),
        Err(error) => error,
    };
    match Codec::decode_head::<Head>(bytes) {
        Ok(Head { version: 2 }) => {
            decode_owned::<Version2<'_>>(bytes).map(Version2::into_definition)
        }
        Ok(Head { version: 3 }) => {
            decode_owned::<Version3<'_>>(bytes).map(Version3::into_definition)
        }
        Ok(Head { version }) if version > NEWEST => Err(CodecError::decode(format!(
            "the job is stored in version {version}, this build supports versions up to {NEWEST}"
        ))),
        _ => Err(error),
    }
}

fn decode_owned<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    Codec::decode(bytes)
}

impl<'a> Version1<'a> {
    fn of(definition: &'a JobDefinition, options: Options1) -> Self {
        let JobDefinition { task, args, trigger, name, executor, first_run, .. } = definition;
        Self {
            version: 1,
            task: Cow::Borrowed(task),
            args: Cow::Borrowed(args),
            trigger: Cow::Borrowed(trigger),
            name: Cow::Borrowed(name),
            executor: Cow::Borrowed(executor),
            options,
            first_run: *first_run,
        }
    }

    fn into_definition(self) -> JobDefinition {
        JobDefinition {
            task: self.task.into_owned(),
            args: self.args.into_owned(),
            trigger: self.trigger.into_owned(),
            name: self.name.into_owned(),
            executor: self.executor.into_owned(),
            options: self.options.into_options(),
            tags: Tags::default(),
            first_run: self.first_run,
            retry_of: None,
        }
    }
}

impl<'a> Version2<'a> {
    fn of(definition: &'a JobDefinition, options: Options2) -> Self {
        let JobDefinition { task, args, trigger, name, executor, tags, first_run, .. } = definition;
        Self {
            version: 2,
            task: Cow::Borrowed(task),
            args: Cow::Borrowed(args),
            trigger: Cow::Borrowed(trigger),
            name: Cow::Borrowed(name),
            executor: Cow::Borrowed(executor),
            options,
            first_run: *first_run,
            tags: Cow::Borrowed(tags),
        }
    }

    fn into_definition(self) -> JobDefinition {
        JobDefinition {
            task: self.task.into_owned(),
            args: self.args.into_owned(),
            trigger: self.trigger.into_owned(),
            name: self.name.into_owned(),
            executor: self.executor.into_owned(),
            options: self.options.into_options(),
            tags: self.tags.into_owned(),
            first_run: self.first_run,
            retry_of: None,
        }
    }
}

impl<'a> Version3<'a> {
    fn of(definition: &'a JobDefinition) -> Self {
        let JobDefinition {
            task,
            args,
            trigger,
            name,
            executor,
            options,
            tags,
            first_run,
            retry_of,
        } = definition;
        Self {
            version: 3,
            task: Cow::Borrowed(task),
            args: Cow::Borrowed(args),
            trigger: Cow::Borrowed(trigger),
            name: Cow::Borrowed(name),
            executor: Cow::Borrowed(executor),
            options: Options3::of(options),
            first_run: *first_run,
            tags: Cow::Borrowed(tags),
            retry_of: retry_of.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_definition(self) -> JobDefinition {
        JobDefinition {
            task: self.task.into_owned(),
            args: self.args.into_owned(),
            trigger: self.trigger.into_owned(),
            name: self.name.into_owned(),
            executor: self.executor.into_owned(),
            options: self.options.into_options(),
            tags: self.tags.into_owned(),
            first_run: self.first_run,
            retry_of: self.retry_of.map(|retry_of| Arc::new(retry_of.into_owned())),
        }
    }
}

impl Options1 {
    /// The options in this form. `None` if it can't express them.
    fn of(options: &JobOptions) -> Option<Self> {
        // Every field is named, so that a new one is not forgotten.
        let JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap: None,
            max_catch_up_runs: None,
            max_catch_up_age: None,
            timeout: None,
            retry: None,
        } = *options
        else {
            return None;
        };
        Some(Self { misfire_grace_time, coalesce, max_instances, recovery })
    }

    fn into_options(self) -> JobOptions {
        JobOptions {
            misfire_grace_time: self.misfire_grace_time,
            coalesce: self.coalesce,
            max_instances: self.max_instances,
            recovery: self.recovery,
            ..JobOptions::default()
        }
    }
}

impl Default for Options1 {
    fn default() -> Self {
        let JobOptions { misfire_grace_time, coalesce, max_instances, recovery, .. } =
            JobOptions::default();
        Self { misfire_grace_time, coalesce, max_instances, recovery }
    }
}

impl Options2 {
    /// The options in this form. `None` if it can't express them.
    fn of(options: &JobOptions) -> Option<Self> {
        // Every field is named, so that a new one is not forgotten.
        let JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout: None,
            retry: None,
        } = *options
        else {
            return None;
        };
        Some(Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
        })
    }

    fn into_options(self) -> JobOptions {
        let Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
        } = self;
        JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            ..JobOptions::default()
        }
    }
}

impl Default for Options2 {
    fn default() -> Self {
        let JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            ..
        } = JobOptions::default();
        Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
        }
    }
}

impl<'a> Options3<'a> {
    fn of(options: &'a JobOptions) -> Self {
        // Every field is named, so that a new one is not forgotten.
        let JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            ref retry,
        } = *options;
        Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            retry: retry.as_deref().map(Cow::Borrowed),
        }
    }

    fn into_options(self) -> JobOptions {
        let Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            retry,
        } = self;
        JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            retry: retry.map(|policy| Box::new(policy.into_owned())),
        }
    }
}

impl Default for Options3<'_> {
    fn default() -> Self {
        let JobOptions {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            retry: _,
        } = JobOptions::default();
        Self {
            misfire_grace_time,
            coalesce,
            max_instances,
            recovery,
            overlap,
            max_catch_up_runs,
            max_catch_up_age,
            timeout,
            retry: None,
        }
    }
}
