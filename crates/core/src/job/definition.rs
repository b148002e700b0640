//! The stored definition of a job.

use serde::{Deserialize, Serialize};

use super::JobOptions;
use crate::alias::Alias;
use crate::codec::{Codec, CodecError, Encoded};
use crate::task::TaskName;
use crate::time::Timestamp;
use crate::trigger::TriggerSpec;

/// The newest version of the stored definition that this build encodes and decodes.
const VERSION: u32 = 1;

/// The user-defined part of a job. It is modified only by updates, never by runs.
///
/// The stored form contains a version. Decoding fails if the version is newer than this build supports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDefinition {
    version: u32,
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
    /// A next run time that was set explicitly or computed by a previous trigger. It is not recomputed when the rules
    /// of the time zone of the trigger change.
    pub first_run: Option<Timestamp>,
}

impl JobDefinition {
    /// Creates a definition from its parts.
    #[must_use]
    pub fn new(
        task: TaskName,
        args: Encoded,
        trigger: TriggerSpec,
        name: String,
        executor: Alias,
        options: JobOptions,
    ) -> Self {
        Self { version: VERSION, task, args, trigger, name, executor, options, first_run: None }
    }

    /// Encodes the definition for a store, with the codec of its arguments.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the feature of that codec is disabled in this build.
    pub fn encode(&self) -> Result<Encoded, CodecError> {
        self.args.codec()?.encode(self)
    }

    /// Decodes a stored definition.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the bytes are not a definition, or a definition of a newer version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        // Every codec encodes the version first, so that it can be decoded even if the other fields can't be.
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let read = Codec::decode::<Self>(bytes);
        match read {
            Ok(definition) if definition.version == VERSION => Ok(definition),
            Ok(Self { version, .. }) => Err(unsupported(version)),
            Err(error) => match Codec::decode_head::<Head>(bytes) {
                Ok(Head { version }) if version > VERSION => Err(unsupported(version)),
                _ => Err(error),
            },
        }
    }
}

fn unsupported(version: u32) -> CodecError {
    CodecError::decode(format!(
        "the job is stored in version {version}, this build supports versions up to {VERSION}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn a_newer_version_is_reported_even_if_its_format_is_unknown() {
        let error = JobDefinition::decode(br#"{"version":9,"novel":true}"#).unwrap_err();
        let told = crate::error_chain(&error).to_string();
        assert!(told.contains("version 9"), "{told}");
    }
}
