//! The stored form of a command.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::JobCommand;
use crate::spec::CommandSpec;

/// All stored versions, each under its name. An unknown version is rejected with an error that contains its name.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredCommand {
    V1(CommandSpec),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum StoredCommandRef<'f> {
    V1(&'f CommandSpec),
}

impl Serialize for JobCommand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.spec.check().map_err(S::Error::custom)?;
        StoredCommandRef::V1(&self.spec).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JobCommand {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredCommand::V1(spec) = StoredCommand::deserialize(deserializer)?;
        spec.check().map_err(D::Error::custom)?;
        Ok(Self { spec })
    }
}
