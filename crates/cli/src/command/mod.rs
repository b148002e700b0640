//! Running the commands of crontabs.

mod become_user;
mod error;
mod output;
mod run;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountError};
use crate::crontab::Entry;

pub use become_user::{BecomeError, become_user};
pub use error::CommandError;
pub use output::OutputLine;
pub use run::run;

/// The default value of `SHELL`.
const DEFAULT_SHELL: &str = "/bin/sh";
/// The default value of `PATH`, the same as in Debian's cron.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// The command of an entry and its environment. It is stored as the argument of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellCommand {
    /// The shell.
    pub shell: String,
    /// The script: the argument of the shell after `-c`.
    pub script: String,
    /// The text on its standard input; `None` if it is empty.
    pub stdin: Option<String>,
    /// The complete environment: no variables are inherited.
    pub environment: BTreeMap<String, String>,
    /// The user to run as; `None` for the user of the daemon.
    pub user: Option<String>,
    /// The maximum number of bytes of output that are logged; further output is read and dropped.
    pub output_limit: u64,
}

impl ShellCommand {
    /// Creates the command of an entry, with the same user and environment as in cron. `current` is the user of the
    /// daemon.
    ///
    /// `SHELL`, `PATH` and `HOME` have defaults that a crontab can change. `LOGNAME` is always the user; `USER` is the
    /// user unless the crontab sets it.
    ///
    /// # Errors
    ///
    /// Returns an error if its user does not exist, or `current` can't switch to it.
    pub fn of_entry(
        entry: &Entry,
        current: &Account,
        output_limit: u64,
    ) -> Result<Self, AccountError> {
        let account = match &entry.user {
            Some(name) => Account::named(name)?,
            None => current.clone(),
        };
        current.may_become(&account)?;
        let mut environment = BTreeMap::from([
            ("SHELL".to_owned(), DEFAULT_SHELL.to_owned()),
            ("PATH".to_owned(), DEFAULT_PATH.to_owned()),
            ("HOME".to_owned(), account.home),
            ("USER".to_owned(), account.name.clone()),
        ]);
        environment.extend((*entry.variables).clone());
        environment.insert("LOGNAME".to_owned(), account.name.clone());
        Ok(Self {
            shell: environment["SHELL"].clone(),
            script: entry.script.clone(),
            stdin: entry.stdin.clone(),
            environment,
            user: (account.uid != current.uid).then_some(account.name),
            output_limit,
        })
    }

    /// The working directory, which is `HOME`.
    fn directory(&self) -> &str {
        self.environment.get("HOME").map_or("/", |home| home)
    }
}

#[cfg(test)]
mod tests;
