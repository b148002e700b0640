//! A small process that ends the commands of this one when this one is gone.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use parking_lot::Mutex;
use rustix::io::ioctl_fionbio;

/// Knows the process groups that it is given, and hears which begin and end, until nobody speaks to it any more; then
/// it asks those that are left to end, and kills them a second later.
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

static GUARD: Mutex<Guard> = Mutex::new(Guard::new());

/// There is one in each process that has run a command. The kernel closes the pipe to it however this process
/// ends: by SIGKILL too, or when `main` returns before a command's grace is over.
struct Guard {
    process: Option<Child>,
    groups: BTreeSet<i32>,
}

/// Before a command is started: so that there is next to no time between its beginning and [`watch`].
pub(crate) fn prepare() {
    let mut guard = GUARD.lock();
    if guard.process.is_none() {
        guard.start();
    }
}

/// From now on the group does not outlive this process.
pub(crate) fn watch(group: i32) {
    GUARD.lock().watch(group);
}

/// The group has ended, or may outlive this process.
pub(crate) fn forget(group: i32) {
    GUARD.lock().forget(group);
}

impl Guard {
    const fn new() -> Self {
        Self { process: None, groups: BTreeSet::new() }
    }

    fn watch(&mut self, group: i32) {
        self.groups.insert(group);
        self.tell('+', group);
    }

    fn forget(&mut self, group: i32) {
        self.groups.remove(&group);
        self.tell('-', group);
    }

    fn tell(&mut self, sign: char, group: i32) {
        // If it is gone, or has not read for so long that its pipe is full, another one takes its place.
        let told = self.process.as_mut().map(|process| say(process, sign, group));
        if !matches!(told, Some(Ok(()))) {
            self.start();
        }
    }

    /// Starts one that knows all groups.
    fn start(&mut self) {
        let before = self.process.take();
        self.process = start(&self.groups)
            .inspect_err(|error| {
                tracing::warn!(%error, "commands may outlive this process if it is killed: no /bin/sh to prevent it");
            })
            .ok();
        if let Some(mut before) = before {
            // While its pipe is still open: what it knows is out of date, and it would act by it.
            let _ = before.kill();
            let _ = before.wait();
        }
    }
}

fn start(groups: &BTreeSet<i32>) -> io::Result<Child> {
    let process = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "punctual-guard"])
        .args(groups.iter().map(i32::to_string))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C in our terminal is not for it.
        .process_group(0)
        .spawn()?;
    if let Some(pipe) = &process.stdin {
        ioctl_fionbio(pipe, true)?;
    }
    Ok(process)
}

fn say(process: &mut Child, sign: char, group: i32) -> io::Result<()> {
    match &mut process.stdin {
        // All of it or nothing: it is short.
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

    /// The first signal that was sent to it; ours if nobody else has sent one.
    fn ended_by(mut process: Child) -> Option<i32> {
        process.kill().unwrap();
        process.wait().unwrap().signal()
    }

    #[test]
    fn nothing_is_lost_by_a_guard_that_is_stopped() {
        let (ends, stays) = (sleeper(), sleeper());
        let mut guard = Guard::new();
        guard.watch(group(&stays));
        let stopped = Pid::from_raw(group(guard.process.as_ref().unwrap())).unwrap();
        kill_process(stopped, Signal::STOP).unwrap();
        let full = loop {
            if let Err(error) = say(guard.process.as_mut().unwrap(), '-', 1) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        guard.watch(group(&ends));
        guard.forget(group(&stays));
        // If it is still there.
        let _ = kill_process(stopped, Signal::CONT);
        // As far as it can tell, this process ends now.
        let mut process = guard.process.take().unwrap();
        drop(process.stdin.take());
        process.wait().unwrap();
        assert_eq!(ended_by(ends), Some(Signal::TERM.as_raw()));
        assert_eq!(ended_by(stays), Some(Signal::KILL.as_raw()));
    }
}
