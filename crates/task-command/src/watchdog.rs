//! A watchdog process that terminates the commands of this process when this process exits.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use parking_lot::Mutex;
use rustix::io::ioctl_fionbio;

/// Tracks process groups. The initial ones are its arguments; lines `+ GROUP` and `- GROUP` on standard input add and
/// remove groups. At end of file it sends SIGTERM to the remaining groups, and SIGKILL one second later.
const SCRIPT: &str = r#"
groups=$*
while read -r sign group; do
    others=
    for other in $groups; do
        [ "$other" = "$group" ] || others="$others $other"
    done
    groups=$others
    [ "$sign" = - ] || groups="$groups $group"
done
[ -n "$groups" ] || exit 0
for group in $groups; do kill -s TERM -- "-$group"; done
sleep 1
for group in $groups; do kill -s KILL -- "-$group"; done
"#;

static WATCHDOG: Mutex<Watchdog> = Mutex::new(Watchdog::new());

/// The watchdog of this process, which is started with its first command. When this process exits for any reason,
/// including SIGKILL or a return of `main` within the grace period of a command, the kernel closes the pipe to it.
struct Watchdog {
    process: Option<Child>,
    groups: BTreeSet<i32>,
}

/// Starts the watchdog if there is none. Called before a command is started, to minimize the time between its start and
/// [`register`].
pub(crate) fn ensure_started() {
    let mut watchdog = WATCHDOG.lock();
    if watchdog.process.is_none() {
        watchdog.start();
    }
}

/// Adds a group, which is terminated when this process exits.
pub(crate) fn register(group: i32) {
    WATCHDOG.lock().register(group);
}

/// Removes a group that has exited or may outlive this process.
pub(crate) fn unregister(group: i32) {
    WATCHDOG.lock().unregister(group);
}

impl Watchdog {
    const fn new() -> Self {
        Self { process: None, groups: BTreeSet::new() }
    }

    fn register(&mut self, group: i32) {
        self.groups.insert(group);
        self.send_or_restart('+', group);
    }

    fn unregister(&mut self, group: i32) {
        self.groups.remove(&group);
        self.send_or_restart('-', group);
    }

    fn send_or_restart(&mut self, sign: char, group: i32) {
        // If the watchdog has exited, or its pipe is full because it does not read, it is replaced.
        let sent = self.process.as_mut().map(|process| write_line(process, sign, group));
        if !matches!(sent, Some(Ok(()))) {
            self.start();
        }
    }

    /// Starts a watchdog with all groups as its arguments.
    fn start(&mut self) {
        let previous = self.process.take();
        self.process = start(&self.groups)
            .inspect_err(|error| {
                tracing::warn!(%error, "failed to start the watchdog process (/bin/sh); \
                     if this process is killed, its commands keep running");
            })
            .ok();
        if let Some(mut previous) = previous {
            // Kills the old one before its pipe is closed: its list of groups is out of date, and it would signal them.
            let _ = previous.kill();
            let _ = previous.wait();
        }
    }
}

fn start(groups: &BTreeSet<i32>) -> io::Result<Child> {
    let process = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "punctual-watchdog"])
        .args(groups.iter().map(i32::to_string))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C in the terminal must not reach it.
        .process_group(0)
        .spawn()?;
    if let Some(pipe) = &process.stdin {
        ioctl_fionbio(pipe, true)?;
    }
    Ok(process)
}

fn write_line(process: &mut Child, sign: char, group: i32) -> io::Result<()> {
    match &mut process.stdin {
        // Written completely or not at all, because it is shorter than `PIPE_BUF`.
        Some(pipe) => pipe.write_all(format!("{sign} {group}\n").as_bytes()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::{Pid, Signal, kill_process};

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("1000").process_group(0).spawn().unwrap()
    }

    fn group(leader: &Child) -> i32 {
        leader.id().try_into().unwrap()
    }

    /// Returns the first signal that was sent to the process, which is SIGKILL if the watchdog has sent none.
    fn killed_by(mut process: Child) -> Option<i32> {
        process.kill().unwrap();
        process.wait().unwrap().signal()
    }

    #[test]
    fn a_stopped_watchdog_is_replaced_without_losing_changes() {
        let (registered, unregistered) = (sleeper(), sleeper());
        let mut watchdog = Watchdog::new();
        watchdog.register(group(&unregistered));
        let stopped = Pid::from_raw(group(watchdog.process.as_ref().unwrap())).unwrap();
        kill_process(stopped, Signal::STOP).unwrap();
        let full = loop {
            if let Err(error) = write_line(watchdog.process.as_mut().unwrap(), '-', 1) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        watchdog.register(group(&registered));
        watchdog.unregister(group(&unregistered));
        // Fails if it has exited.
        let _ = kill_process(stopped, Signal::CONT);
        // For the watchdog, this is the exit of this process.
        let mut process = watchdog.process.take().unwrap();
        drop(process.stdin.take());
        process.wait().unwrap();
        assert_eq!(killed_by(registered), Some(Signal::TERM.as_raw()));
        assert_eq!(killed_by(unregistered), Some(Signal::KILL.as_raw()));
    }
}
