//! What stores keep of a command.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Command;
use crate::form::Form;

/// Every version that was ever stored, each under its name; one that is not here is refused by its name.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    V1(Form),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Newest<'f> {
    V1(&'f Form),
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.form.check().map_err(S::Error::custom)?;
        Newest::V1(&self.form).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored::V1(form) = Stored::deserialize(deserializer)?;
        form.check().map_err(D::Error::custom)?;
        Ok(Self { form })
    }
}
