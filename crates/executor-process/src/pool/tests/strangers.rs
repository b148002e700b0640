//! The other end is a real process that knows the words, and uses them wrongly.

use std::io::{Read, Write, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio, exit, id};

use punctual_core::{Executor, Killed, RunOutcome, TaskName, Tasks, error_chain};
use punctual_testkit::executor::task_run;
use rustix::fs::fstat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{nothing, tasks};
use crate::inside::VARIABLE;
use crate::wire::{CommandStatus, Frames, FromChild, ToChild, VERSION, Welcome, write};
use crate::{ProcessPoolBuilder, ProcessPoolExecutor, init};

/// How a child is to misbehave.
const ROLE: &str = "PUNCTUAL_TEST_STRANGER";

const OTHER: &str = "punctual 0.0.1 pipe 0";

/// One end of the socket.
struct Line {
    socket: UnixStream,
    frames: Frames,
}

impl Line {
    fn new(socket: UnixStream) -> Self {
        Self { socket, frames: Frames::new(1 << 20) }
    }

    /// The next message; none at the end.
    fn hear<T: DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            if let Some(message) = self.frames.next().unwrap() {
                return Some(message);
            }
            match self.socket.read(self.frames.space()) {
                Ok(0) | Err(_) => return None,
                Ok(bytes) => self.frames.filled(bytes),
            }
        }
    }

    fn say(&mut self, message: &impl Serialize) {
        let frame = frame(message);
        self.write(&frame);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }
}

fn frame(message: &impl Serialize) -> Vec<u8> {
    let mut frame = Vec::new();
    write(&mut frame, message, 1 << 20).unwrap();
    frame
}

fn ready(version: &str, tasks: &Tasks) -> FromChild {
    let names = tasks.registrations().map(|task| task.unwrap().name().clone());
    FromChild::Ready { version: version.to_owned(), tasks: names.collect::<Vec<TaskName>>() }
}

/// Not a test, but the main function of children that misbehave.
#[test]
fn stranger() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let socket = stdin().as_fd().try_clone_to_owned().unwrap();
    let mut line = Line::new(socket.into());
    assert!(matches!(line.hear(), Some(ToChild::Welcome(_))));
    match &*role {
        "old" => line.say(&ready(OTHER, &tasks())),
        "ignorant" => line.say(&ready(VERSION, &Tasks::new())),
        "garbled" => line.write(b"Good morning!\n"),
        "hasty" => line.say(&FromChild::Recalled(0)),
        "gone" => exit(3),
        "mute" => writeln!(stdout(), "here {}", id()).unwrap(),
        "fickle" => {
            writeln!(stdout(), "here {}", id()).unwrap();
            line.say(&ready(VERSION, &tasks()));
            exit(3);
        }
        _ => {
            line.say(&ready(VERSION, &tasks()));
            if let Some(ToChild::Run(order)) = line.hear() {
                answer(&mut line, &role, order.run);
            }
        }
    }
    // It is killed, or told to go.
    while line.hear::<ToChild>().is_some() {}
}

/// What it says to a run.
fn answer(line: &mut Line, role: &str, run: u128) {
    let end = |run| {
        let ending = CommandStatus::Success("1".to_owned());
        FromChild::Ended { run, ending, printed: false }
    };
    match role {
        "checksum" => {
            let mut frame = frame(&end(run));
            *frame.last_mut().unwrap() ^= 1;
            line.write(&frame);
        }
        "endless" => line.write(&[0xff; 8]),
        "no message" => line.say(&"Good morning!"),
        "too much" => line.say(&(end(run), "and")),
        "another run" => line.say(&end(run + 1)),
        "twice" => line.write(&[frame(&end(run)), frame(&end(run))].concat()),
        "gives back" => line.say(&FromChild::Recalled(1)),
        "ready" => line.say(&ready(VERSION, &tasks())),
        other => panic!("unknown: {other}"),
    }
}

/// A pool with such children.
pub(super) fn pool(role: &str) -> ProcessPoolBuilder {
    init(&tasks());
    // With one thread the harness would begin a line, and what the child says would be the rest of it.
    let args = ["pool::tests::strangers::stranger", "--exact", "--test-threads=2"];
    ProcessPoolExecutor::builder().processes(1).args(args).env(ROLE, role)
}

#[test]
fn a_child_that_can_not_be_talked_to_is_no_child() {
    for (role, expected) in [
        ("old", &[OTHER, VERSION] as &[_]),
        ("ignorant", &["nothing", "same ones"]),
        ("garbled", &["went wrong", "longer than"]),
        ("hasty", &["Recalled"]),
        ("gone", &["exited with status 3"]),
    ] {
        let error = pool(role).eager().build().unwrap().start().unwrap_err();
        let error = error_chain(&error).to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{role}: {error}");
    }
}

#[test]
fn a_child_that_makes_no_sense_is_killed() {
    for (role, expected) in [
        ("checksum", "checksum"),
        ("endless", "longer than"),
        ("no message", "can't be decoded"),
        ("too much", "can't be decoded"),
        ("another run", "did not have"),
        ("gives back", "did not have"),
        ("ready", "Ready"),
    ] {
        let pool = pool(role).build().unwrap();
        pool.start().unwrap();
        // Another child takes its place each time.
        for _ in 0..2 {
            let (run, ending) = task_run(nothing());
            pool.submit(run).unwrap();
            match ending.outcome() {
                RunOutcome::Killed(Killed::ProtocolError(what)) => {
                    assert!(what.contains(expected), "{role}: {what}");
                }
                other => panic!("{role}: {other}"),
            }
            assert!(ending.further().is_none());
        }
    }
}

#[test]
fn a_run_that_is_told_twice_has_ended_once() {
    let pool = pool("twice").build().unwrap();
    pool.start().unwrap();
    let ends: Vec<_> = (0..3)
        .map(|_| {
            let (run, ending) = task_run(nothing());
            pool.submit(run).unwrap();
            (ending.outcome(), ending)
        })
        .collect();
    assert_eq!(ends[0].0.to_string(), "success: 1");
    for (outcome, ending) in ends {
        let fair = matches!(outcome, RunOutcome::Success(_) | RunOutcome::Killed(_));
        assert!(fair, "{outcome}");
        assert!(ending.further().is_none());
    }
}

/// A real child, whose pool is this test.
fn child() -> (Child, Line) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let inode = fstat(&theirs).unwrap().st_ino;
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["pool::tests::child", "--exact"])
        .env(VARIABLE, format!("{inode} {}", id()))
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .process_group(0)
        .spawn();
    (child.unwrap(), Line::new(ours))
}

#[test]
fn a_child_of_another_versions_pool_says_so_and_ends() {
    let (mut child, mut line) = child();
    let version = OTHER.to_owned();
    line.say(&ToChild::Welcome(Welcome { version, limit: 1 << 20, nice: 0, memory: None }));
    match line.hear() {
        Some(FromChild::Unable(reason)) => {
            assert!(reason.contains(OTHER) && reason.contains(VERSION), "{reason}");
        }
        other => panic!("it said {other:?}"),
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_child_that_hears_nonsense_ends() {
    for nonsense in [b"Good morning!\n".to_vec(), frame(&ToChild::Stop)] {
        let (mut child, mut line) = child();
        line.write(&nonsense);
        assert!(line.hear::<FromChild>().is_none());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
