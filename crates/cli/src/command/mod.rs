//! The commands of crontabs as processes.

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

/// The shell of entries whose crontab sets none.
const DEFAULT_SHELL: &str = "/bin/sh";
/// The search path of entries whose crontab sets none: Debian cron's.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// All that it takes to run an entry's command. A job keeps it as its argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellCommand {
    /// The shell.
    pub shell: String,
    /// What it is to run, as its argument after `-c`.
    pub script: String,
    /// What the command reads from its standard input; nothing if there is nothing.
    pub stdin: Option<String>,
    /// The whole environment: nothing else is passed on.
    pub environment: BTreeMap<String, String>,
    /// The user to become; none to stay who we are.
    pub user: Option<String>,
    /// How many bytes of output are logged; what comes after them is read and dropped.
    pub output_limit: u64,
}

impl ShellCommand {
    /// The command of an entry, for a daemon that runs as `current`: as the user and in the environment that cron
    /// gives it.
    ///
    /// `SHELL`, `PATH` and `HOME` have defaults that a crontab may change; `LOGNAME` is always the user;
    /// `USER` is, unless the crontab says otherwise.
    ///
    /// # Errors
    ///
    /// When its user is unknown, or somebody that `current` can't become.
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

    /// The directory that it runs in: its home.
    fn directory(&self) -> &str {
        self.environment.get("HOME").map_or("/", |home| home)
    }
}

#[cfg(test)]
mod tests;
