//! How tasks and cases talk when they may be in different processes: over a connection for each run.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::PATIENCE;

/// Where the runs of a case call in.
#[derive(Debug)]
pub(crate) struct Exchange {
    port: u16,
    callers: Receiver<Caller>,
}

/// A run that has begun; dropped, it lets the run go on.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) number: u8,
    connection: TcpStream,
}

impl Exchange {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port for the case");
        let port = listener.local_addr().expect("the port").port();
        let (tell, callers) = channel();
        thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut number = [0];
                if connection.read_exact(&mut number).is_err() {
                    continue;
                }
                // The thread ends with the first caller that nobody waits for any more.
                if tell.send(Caller { number: number[0], connection }).is_err() {
                    return;
                }
            }
        });
        Self { port, callers }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The next run that begins.
    #[track_caller]
    pub(crate) fn next(&self) -> Caller {
        self.callers.recv_timeout(PATIENCE).expect("a run should have begun")
    }

    /// Whether a run has begun that nobody has asked for.
    pub(crate) fn has_another(&self) -> bool {
        self.callers.try_recv().is_ok()
    }
}

impl Caller {
    /// Whether the run is still there, and has not been let go.
    pub(crate) fn waits(&self) -> bool {
        let peeked =
            self.connection.set_nonblocking(true).and_then(|()| self.connection.peek(&mut [0]));
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// Tells the case that this run has begun, and waits to be let go.
pub(super) fn call_in(port: u16, number: u8) -> std::io::Result<()> {
    let mut connection = tell(port, number)?;
    // The end, in whatever way it comes.
    let _ = connection.read(&mut [0]);
    Ok(())
}

/// Tells the case that this run has begun.
pub(super) fn tell(port: u16, number: u8) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.write_all(&[number])?;
    Ok(connection)
}
