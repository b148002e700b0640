//! The stored forms of job definitions, by version.
//!
//! A definition is encoded in the oldest version that can express it: jobs that don't use anything newer keep their
//! bytes, and processes of earlier builds that share the store can run them. Every form begins with the version, so that
//! it can be decoded even if the other fields can't be. A form never changes; new fields belong into a new version.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{Coalesce, JobDefinition, JobOptions, Recovery, Tags};
use crate::alias::Alias;
use crate::codec::{Codec, CodecError, Encoded};
use crate::task::TaskName;
use crate::time::Timestamp;
use crate::trigger::TriggerSpec;

/// The newest version.
const NEWEST: u32 = 2;

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

/// With tags.
#[derive(Serialize, Deserialize)]
struct Version2<'a> {
    version: u32,
    task: Cow<'a, TaskName>,
    args: Cow<'a, Encoded>,
    trigger: Cow<'a, TriggerSpec>,
    name: Cow<'a, str>,
    executor: Cow<'a, Alias>,
    options: Options1,
    first_run: Option<Timestamp>,
    tags: Cow<'a, Tags>,
}

#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options1 {
    misfire_grace_time: Option<Duration>,
    coalesce: Coalesce,
    max_instances: u32,
    recovery: Recovery,
}

/// Encodes a definition with the codec of its arguments.
pub(super) fn encode(definition: &JobDefinition) -> Result<Encoded, CodecError> {
    let codec = definition.args.codec()?;
    if definition.tags.is_empty() {
        codec.encode(&Version1::of(definition))
    } else {
        codec.encode(&Version2::of(definition))
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
    fn of(definition: &'a JobDefinition) -> Self {
        Self {
            version: 1,
            task: Cow::Borrowed(&definition.task),
            args: Cow::Borrowed(&definition.args),
            trigger: Cow::Borrowed(&definition.trigger),
            name: Cow::Borrowed(&definition.name),
            executor: Cow::Borrowed(&definition.executor),
            options: Options1::of(&definition.options),
            first_run: definition.first_run,
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
        }
    }
}

impl<'a> Version2<'a> {
    fn of(definition: &'a JobDefinition) -> Self {
        let Version1 { task, args, trigger, name, executor, options, first_run, .. } =
            Version1::of(definition);
        let tags = Cow::Borrowed(&definition.tags);
        Self { version: 2, task, args, trigger, name, executor, options, first_run, tags }
    }

    fn into_definition(self) -> JobDefinition {
        let Self { version, task, args, trigger, name, executor, options, first_run, tags } = self;
        let first = Version1 { version, task, args, trigger, name, executor, options, first_run };
        JobDefinition { tags: tags.into_owned(), ..first.into_definition() }
    }
}

impl Default for Options1 {
    fn default() -> Self {
        Self::of(&JobOptions::default())
    }
}

impl Options1 {
    fn of(options: &JobOptions) -> Self {
        Self {
            misfire_grace_time: options.misfire_grace_time,
            coalesce: options.coalesce,
            max_instances: options.max_instances,
            recovery: options.recovery,
        }
    }

    fn into_options(self) -> JobOptions {
        JobOptions {
            misfire_grace_time: self.misfire_grace_time,
            coalesce: self.coalesce,
            max_instances: self.max_instances,
            recovery: self.recovery,
        }
    }
}
