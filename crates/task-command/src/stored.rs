//! What stores keep of a command.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Command;

/// The fields of a command, as the newest version stores them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Form {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) env_clear: bool,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) stdin: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) output_limit: usize,
    pub(crate) output_wait: Duration,
}

impl Form {
    pub(crate) fn new(program: String) -> Self {
        Self {
            program,
            args: Vec::new(),
            env: BTreeMap::new(),
            env_clear: false,
            current_dir: None,
            stdin: None,
            timeout: None,
            grace: Duration::from_secs(5),
            output_limit: 64 << 10,
            output_wait: Duration::from_secs(1),
        }
    }

    /// Refuses what no process can be given. Names what is wrong; does not show it, as it can be a secret.
    fn check(&self) -> Result<(), String> {
        const NUL: &str = "has a NUL character, which no program can be given";
        let program = &self.program;
        if program.is_empty() {
            return Err("the program is missing: its name is empty".to_owned());
        }
        if program.contains('\0') {
            return Err(format!("the program {program:?} {NUL}"));
        }
        if let Some(index) = self.args.iter().position(|arg| arg.contains('\0')) {
            return Err(format!("{program}: argument {} {NUL}", index + 1));
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) {
                return Err(format!("{program}: {name:?} can't be the name of a variable"));
            }
            if value.contains('\0') {
                return Err(format!("{program}: the variable {name} {NUL}"));
            }
        }
        if let Some(directory) = &self.current_dir
            && directory.as_os_str().as_encoded_bytes().contains(&0)
        {
            return Err(format!("{program}: the directory {directory:?} {NUL}"));
        }
        if self.timeout == Some(Duration::ZERO) {
            return Err(format!("{program}: timeout 0: it must be longer than nothing"));
        }
        Ok(())
    }
}

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
