//! Becoming another user, for good.
//!
//! The standard library can change user and group of a child, but not give it the user's supplementary groups.
//! So a command of another user is started by this program itself, as `punctual become`, which becomes that
//! user, with all groups, in a process of its own, and then turns into the shell.

use std::ffi::{CString, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, io};

use nix::errno::Errno;
use nix::unistd::{User, setgid, setuid};

/// The hidden subcommand that does it.
pub(super) const SUBCOMMAND: &str = "become";

/// The program of this process, also if its file has been replaced since.
pub(super) fn this_program() -> io::Result<String> {
    let own = "/proc/self/exe";
    if Path::new(own).exists() {
        return Ok(own.to_owned());
    }
    let path = env::current_exe()?.into_os_string();
    path.into_string().map_err(|path| io::Error::other(format!("{path:?} is not UTF-8")))
}

/// Turns this process into `command`, run by `user`, in `directory` or, if the user can't enter that, in `/`.
/// Returns only if it fails.
#[must_use]
pub fn become_user(user: &str, directory: &str, command: &[OsString]) -> BecomeError {
    match try_become(user, directory, command) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

enum Never {}

fn try_become(user: &str, directory: &str, command: &[OsString]) -> Result<Never, BecomeError> {
    let refused = |step: &'static str| {
        let user = user.to_owned();
        move |source: Errno| BecomeError::Refused { user, step, source: source.into() }
    };
    let account = User::from_name(user)
        .map_err(refused("look it up"))?
        .ok_or_else(|| BecomeError::Unknown(user.to_owned()))?;
    let name = CString::new(user).map_err(|_| BecomeError::Unknown(user.to_owned()))?;
    // In this order: once the user has changed, nothing else may be.
    join_groups(&name, account.gid).map_err(refused("join its groups"))?;
    setgid(account.gid).map_err(refused("join its group"))?;
    setuid(account.uid).map_err(refused("become it"))?;
    if env::set_current_dir(directory).is_err() {
        env::set_current_dir("/").map_err(BecomeError::Exec)?;
    }
    let Some((program, arguments)) = command.split_first() else {
        return Err(BecomeError::Exec(io::ErrorKind::InvalidInput.into()));
    };
    Err(BecomeError::Exec(Command::new(program).args(arguments).exec()))
}

#[cfg(not(target_vendor = "apple"))]
use nix::unistd::initgroups as join_groups;

/// Apple's systems have no such call that is safe to use; the user is left with its main group.
#[cfg(target_vendor = "apple")]
fn join_groups(_: &std::ffi::CStr, _: nix::unistd::Gid) -> nix::Result<()> {
    Ok(())
}

/// Why this process could not become a user, or the command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BecomeError {
    /// There is no such user (any more).
    #[error("there is no user {0}")]
    Unknown(String),
    /// The system refused a step.
    #[error("{user}: can't {step}")]
    #[non_exhaustive]
    Refused {
        /// The user to become.
        user: String,
        /// What was refused.
        step: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The command can't be run.
    #[error("the command can't be run")]
    Exec(#[source] io::Error),
}
