//! Violations of the protocol, by children and by pools.

use std::io::{Read, Write, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio, exit, id};

use punctual_core::{Executor, ProcessTermination, RunOutcome, TaskName, Tasks, error_chain};
use punctual_testkit::executor::task_run;
use rustix::fs::fstat;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{nothing, tasks};
use crate::child::CHILD_ENV_VAR;
use crate::wire::{FrameDecoder, FromChild, Handshake, RunResult, ToChild, VERSION, encode_frame};
use crate::{ProcessPoolExecutor, ProcessPoolExecutorBuilder, init};

/// Environment variable that selects how a child violates the protocol.
const ROLE: &str = "PUNCTUAL_TEST_VIOLATION";

const OTHER: &str = "punctual 0.0.1 pipe 0";

/// One end of the socket.
struct Connection {
    socket: UnixStream,
    frames: FrameDecoder,
}

impl Connection {
    fn new(socket: UnixStream) -> Self {
        Self { socket, frames: FrameDecoder::new(1 << 20) }
    }

    /// Reads the next message; returns `None` at end of file.
    fn receive<T: DeserializeOwned>(&mut self) -> Option<T> {
        loop {
            if let Some(message) = self.frames.next().unwrap() {
                return Some(message);
            }
            match self.socket.read(self.frames.spare_mut()) {
                Ok(0) | Err(_) => return None,
                Ok(bytes) => self.frames.advance_written(bytes),
            }
        }
    }

    fn send(&mut self, message: &impl Serialize) {
        let frame = frame(message);
        self.write(&frame);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }
}

fn frame(message: &impl Serialize) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(&mut frame, message, 1 << 20).unwrap();
    frame
}

fn ready(version: &str, tasks: &Tasks) -> FromChild {
    let names = tasks.registrations().map(|task| task.unwrap().name().clone());
    FromChild::Ready { version: version.to_owned(), tasks: names.collect::<Vec<TaskName>>() }
}

/// Not a test, but the main function of children that violate the protocol.
#[test]
fn violator() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let socket = stdin().as_fd().try_clone_to_owned().unwrap();
    let mut connection = Connection::new(socket.into());
    assert!(matches!(connection.receive(), Some(ToChild::Handshake(_))));
    match &*role {
        "old" => connection.send(&ready(OTHER, &tasks())),
        "ignorant" => connection.send(&ready(VERSION, &Tasks::new())),
        "garbled" => connection.write(b"Good morning!\n"),
        "hasty" => connection.send(&FromChild::QueuedReturned(0)),
        "gone" => exit(3),
        "mute" => writeln!(stdout(), "here {}", id()).unwrap(),
        "fickle" => {
            writeln!(stdout(), "here {}", id()).unwrap();
            connection.send(&ready(VERSION, &tasks()));
            exit(3);
        }
        _ => {
            connection.send(&ready(VERSION, &tasks()));
            if let Some(ToChild::Run(request)) = connection.receive() {
                respond(&mut connection, &role, request.run);
            }
        }
    }
    // It is killed or stopped.
    while connection.receive::<ToChild>().is_some() {}
}

/// Sends the response to a run.
fn respond(connection: &mut Connection, role: &str, run: u128) {
    let end = |run| {
        let result = RunResult::Success("1".to_owned());
        FromChild::Finished { run, result, output_pending: false }
    };
    match role {
        "checksum" => {
            let mut frame = frame(&end(run));
            *frame.last_mut().unwrap() ^= 1;
            connection.write(&frame);
        }
        "endless" => connection.write(&[0xff; 8]),
        "no message" => connection.send(&"Good morning!"),
        "too much" => connection.send(&(end(run), "and")),
        "another run" => connection.send(&end(run + 1)),
        "twice" => connection.write(&[frame(&end(run)), frame(&end(run))].concat()),
        "returns a run" => connection.send(&FromChild::QueuedReturned(1)),
        "ready" => connection.send(&ready(VERSION, &tasks())),
        other => panic!("unknown: {other}"),
    }
}

/// A pool with such children.
pub(super) fn pool(role: &str) -> ProcessPoolExecutorBuilder {
    init(&tasks());
    // With one thread, the harness prints the start of a line before the child's output.
    let args = ["pool::tests::protocol_errors::violator", "--exact", "--test-threads=2"];
    ProcessPoolExecutor::builder().processes(1).args(args).env(ROLE, role)
}

#[test]
fn a_failed_handshake_is_a_start_error() {
    for (role, expected) in [
        ("old", &[OTHER, VERSION] as &[_]),
        ("ignorant", &["nothing", "same tasks"]),
        ("garbled", &["longer than"]),
        ("hasty", &["QueuedReturned"]),
        ("gone", &["exited with status 3"]),
    ] {
        let error = pool(role).eager().build().unwrap().start().unwrap_err();
        let error = error_chain(&error).to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{role}: {error}");
    }
}

#[test]
fn a_child_that_violates_the_protocol_is_killed() {
    for (role, expected) in [
        ("checksum", "checksum"),
        ("endless", "longer than"),
        ("no message", "can't be decoded"),
        ("too much", "can't be decoded"),
        ("another run", "was not executing"),
        ("returns a run", "more runs than"),
        ("ready", "Ready"),
    ] {
        let pool = pool(role).build().unwrap();
        pool.start().unwrap();
        // The child is replaced each time.
        for _ in 0..2 {
            let (run, ending) = task_run(nothing());
            pool.submit(run).unwrap();
            match ending.outcome() {
                RunOutcome::Killed(ProcessTermination::ProtocolError(what)) => {
                    assert!(what.contains(expected), "{role}: {what}");
                }
                other => panic!("{role}: {other}"),
            }
            assert!(ending.try_next().is_none());
        }
    }
}

#[test]
fn a_result_reported_twice_finishes_one_run() {
    let pool = pool("twice").build().unwrap();
    pool.start().unwrap();
    let results: Vec<_> = (0..3)
        .map(|_| {
            let (run, ending) = task_run(nothing());
            pool.submit(run).unwrap();
            (ending.outcome(), ending)
        })
        .collect();
    assert_eq!(results[0].0.to_string(), "success: 1");
    for (outcome, ending) in results {
        let expected = matches!(outcome, RunOutcome::Success(_) | RunOutcome::Killed(_));
        assert!(expected, "{outcome}");
        assert!(ending.try_next().is_none());
    }
}

/// A real child, whose pool is this test.
fn child() -> (Child, Connection) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let inode = fstat(&theirs).unwrap().st_ino;
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["pool::tests::child", "--exact"])
        .env(CHILD_ENV_VAR, format!("{inode} {}", id()))
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::null())
        .process_group(0)
        .spawn();
    (child.unwrap(), Connection::new(ours))
}

#[test]
fn a_child_of_a_pool_of_another_version_reports_it_and_exits() {
    let (mut child, mut connection) = child();
    let version = OTHER.to_owned();
    connection.send(&ToChild::Handshake(Handshake {
        version,
        limit: 1 << 20,
        nice: 0,
        memory: None,
    }));
    match connection.receive() {
        Some(FromChild::SetupFailed(reason)) => {
            assert!(reason.contains(OTHER) && reason.contains(VERSION), "{reason}");
        }
        other => panic!("unexpected message: {other:?}"),
    }
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_child_that_receives_invalid_data_exits() {
    for invalid in [b"Good morning!\n".to_vec(), frame(&ToChild::Stop)] {
        let (mut child, mut connection) = child();
        connection.write(&invalid);
        assert!(connection.receive::<FromChild>().is_none());
        assert_eq!(child.wait().unwrap().signal(), Some(9));
    }
}
