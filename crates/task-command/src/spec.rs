//! The fields of a command as they are stored.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The fields of a command as the newest version stores them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandSpec {
    pub(crate) program: String,
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) env_clear: bool,
    pub(crate) current_dir: Option<PathBuf>,
    pub(crate) stdin: Option<String>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) output_limit: usize,
    pub(crate) output_timeout: Duration,
}

impl CommandSpec {
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
            output_timeout: Duration::from_secs(1),
        }
    }

    /// Checks that a process can be started with these values. The error names the invalid field, but does not show its
    /// value, which can be a secret.
    pub(crate) fn check(&self) -> Result<(), String> {
        const NUL: &str = "has a NUL character, which can't be passed to a program";
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
                return Err(format!("{program}: {name:?} is not a valid name of a variable"));
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
            return Err(format!("{program}: timeout 0: it must be greater than 0"));
        }
        Ok(())
    }
}
