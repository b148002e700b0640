//! The web services answer, run a job on request, and finish their runs when they are stopped.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A service, which is killed when the test fails.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    /// Starts an example, which Cargo builds in the folder next to that of this test.
    fn start(name: &str) -> Self {
        let test = std::env::current_exe().unwrap();
        let program = test.parent().unwrap().with_file_name("examples").join(name);
        let mut child = Command::new(&program)
            .args(["--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{}, which `cargo build --examples` builds: {error}", program.display())
            });
        let output = BufReader::new(child.stdout.as_mut().unwrap());
        let lines = output.lines().map_while(Result::ok);
        let address = lines.filter_map(|line| line.strip_prefix("http://").map(str::to_owned));
        let address = { address }.next().expect("the service prints its address");
        Self { child, address }
    }

    /// Sends a request without a body, and returns the response.
    fn request(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)
            .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Fails if it has exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check(name: &str) {
    let mut service = Service::start(name);
    let jobs = service.request("GET /jobs");
    assert!(jobs.starts_with("HTTP/1.1 200"), "{jobs}");
    assert!(jobs.contains(r#""id":"report""#) && jobs.contains(r#""args":[12]"#), "{jobs}");
    let run = service.request("POST /jobs/report/run");
    assert!(run.starts_with("HTTP/1.1 200") && run.contains("success: 12"), "{run}");
    let unknown = service.request("POST /jobs/unknown/run");
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
    kill_process(Pid::from_child(&service.child), Signal::INT).unwrap();
    assert!(service.child.wait().unwrap().success());
}

#[test]
fn axum_service() {
    check("axum_service");
}

#[test]
fn actix_service() {
    check("actix_service");
}
