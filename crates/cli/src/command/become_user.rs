//! Executing a command as another user.
//!
//! The standard library can't set the supplementary groups of a child. Therefore a command of another user is started
//! as `punctual become`, which sets groups, gid and uid, and then replaces itself with the shell (exec).

use std::ffi::{CString, OsString};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, io};

use nix::errno::Errno;
use nix::unistd::{User, setgid, setuid};

/// The name of the hidden subcommand.
pub(super) const SUBCOMMAND: &str = "become";

/// The path of this program, which works even if its file has been replaced.
pub(super) fn current_program() -> io::Result<String> {
    let own = "/proc/self/exe";
    if Path::new(own).exists() {
        return Ok(own.to_owned());
    }
    let path = env::current_exe()?.into_os_string();
    path.into_string().map_err(|path| io::Error::other(format!("{path:?} is not UTF-8")))
}

/// Replaces this process with `command`, run as `user`, in `directory`, or in `/` if the user can't enter the
/// directory. Returns only if it fails.
#[must_use]
pub fn become_user(user: &str, directory: &str, command: &[OsString]) -> BecomeError {
    match try_exec(user, directory, command) {
        Ok(never) => match never {},
        Err(error) => error,
    }
}

enum Never {}

fn try_exec(user: &str, directory: &str, command: &[OsString]) -> Result<Never, BecomeError> {
    let rejected = |step: &'static str| {
        let user = user.to_owned();
        move |source: Errno| BecomeError::Refused { user, step, source: source.into() }
    };
    let account = User::from_name(user)
        .map_err(rejected("look up the user"))?
        .ok_or_else(|| BecomeError::Unknown(user.to_owned()))?;
    let name = CString::new(user).map_err(|_| BecomeError::Unknown(user.to_owned()))?;
    // The order matters: once the user has changed, the groups can't be changed.
    set_supplementary_groups(&name, account.gid)
        .map_err(rejected("set its supplementary groups"))?;
    setgid(account.gid).map_err(rejected("set its group"))?;
    setuid(account.uid).map_err(rejected("switch to it"))?;
    if env::set_current_dir(directory).is_err() {
        env::set_current_dir("/").map_err(BecomeError::Exec)?;
    }
    let Some((program, arguments)) = command.split_first() else {
        return Err(BecomeError::Exec(io::ErrorKind::InvalidInput.into()));
    };
    Err(BecomeError::Exec(Command::new(program).args(arguments).exec()))
}

#[cfg(not(target_vendor = "apple"))]
use nix::unistd::initgroups as set_supplementary_groups;

/// Apple's systems have no safe function for this, so the user has only its primary group.
#[cfg(target_vendor = "apple")]
fn set_supplementary_groups(_: &std::ffi::CStr, _: nix::unistd::Gid) -> nix::Result<()> {
    Ok(())
}

/// An error of executing a command as another user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BecomeError {
    /// The user does not exist.
    #[error("there is no user {0}")]
    Unknown(String),
    /// A step was rejected by the operating system.
    #[error("{user}: can't {step}")]
    #[non_exhaustive]
    Refused {
        /// The user to switch to.
        user: String,
        /// The rejected step.
        step: &'static str,
        /// The underlying error.
        source: io::Error,
    },
    /// The command can't be executed.
    #[error("the command can't be run")]
    Exec(#[source] io::Error),
}
