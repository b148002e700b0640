//! A small process that ends the commands of this one when this one is gone.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use parking_lot::Mutex;
use rustix::io::ioctl_fionbio;

/// Hears which process groups begin and end, until nobody speaks to it any more; then it asks those that are left to
/// end, and kills them a second later.
const SCRIPT: &str = r#"
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

static GUARD: Mutex<Guard> = Mutex::new(Guard { process: None, groups: BTreeSet::new() });

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
    let mut guard = GUARD.lock();
    guard.groups.insert(group);
    guard.tell('+', group);
}

/// The group has ended, or may outlive this process.
pub(crate) fn forget(group: i32) {
    let mut guard = GUARD.lock();
    guard.groups.remove(&group);
    guard.tell('-', group);
}

impl Guard {
    fn tell(&mut self, sign: char, group: i32) {
        if let Some(process) = &mut self.process {
            match say(process, &format!("{sign} {group}\n")) {
                Ok(()) => return,
                // It is stopped, or the machine very busy, and hears later lines when it goes on.
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // Somebody has killed it: another one takes its place.
                Err(_) => drop(process.wait()),
            }
        }
        self.start();
    }

    fn start(&mut self) {
        let groups: String = self.groups.iter().map(|group| format!("+ {group}\n")).collect();
        self.process = start()
            .and_then(|mut process| say(&mut process, &groups).map(|()| process))
            .inspect_err(|error| {
                tracing::warn!(%error, "commands may outlive this process if it is killed: no /bin/sh to prevent it");
            })
            .ok();
    }
}

fn start() -> io::Result<Child> {
    let process = Command::new("/bin/sh")
        .args(["-c", SCRIPT, "punctual-guard"])
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

fn say(process: &mut Child, lines: &str) -> io::Result<()> {
    match &mut process.stdin {
        Some(pipe) => pipe.write_all(lines.as_bytes()),
        None => Ok(()),
    }
}
