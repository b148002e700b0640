//! Synchronization of tasks and cases that may be in different processes: a TCP connection for each run.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::WAIT_TIMEOUT;

/// Accepts the connections of the runs of a case.
#[derive(Debug)]
pub(crate) struct RunListener {
    port: u16,
    runs: Receiver<ConnectedRun>,
}

/// A run that has started and connected. Dropping it closes the connection, which releases the run.
#[derive(Debug)]
pub(crate) struct ConnectedRun {
    pub(crate) number: u8,
    connection: TcpStream,
}

impl RunListener {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a TCP port for the case");
        let port = listener.local_addr().expect("the port").port();
        let (sender, runs) = channel();
        thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let mut number = [0];
                if connection.read_exact(&mut number).is_err() {
                    continue;
                }
                // The receiver has been dropped, so the case has finished: end the thread.
                if sender.send(ConnectedRun { number: number[0], connection }).is_err() {
                    return;
                }
            }
        });
        Self { port, runs }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the next run that starts.
    #[track_caller]
    pub(crate) fn next(&self) -> ConnectedRun {
        self.runs.recv_timeout(WAIT_TIMEOUT).expect("a run should have started")
    }

    /// Returns whether another run has started. It is removed from the queue.
    pub(crate) fn has_another(&self) -> bool {
        self.runs.try_recv().is_ok()
    }
}

impl ConnectedRun {
    /// Returns whether the run is still connected.
    pub(crate) fn is_waiting(&self) -> bool {
        let peeked =
            self.connection.set_nonblocking(true).and_then(|()| self.connection.peek(&mut [0]));
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// Reports to the case that this run has started, and waits to be released.
pub(super) fn report_and_wait(port: u16, number: u8) -> std::io::Result<()> {
    let mut connection = report_start(port, number)?;
    // Returns when the case closes the connection, with or without an error.
    let _ = connection.read(&mut [0]);
    Ok(())
}

/// Reports to the case that this run has started.
pub(super) fn report_start(port: u16, number: u8) -> std::io::Result<TcpStream> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.write_all(&[number])?;
    Ok(connection)
}
