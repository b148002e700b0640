//! Tests of `scripts/services`: servers start, are found again, restart after a crash, and are removed completely.

mod client;
mod services_script;

use std::fs;
use std::net::SocketAddr;

use punctual_tests::server::Server;
use services_script::ServicesScript;
use tokio::net::TcpSocket;

/// Instantiates each of these functions for each server.
macro_rules! with_each_server {
    ($($server:ident)*) => {
        $(
            mod $server {
                #[test]
                fn a_server_starts_and_is_removed_completely() {
                    super::a_server_starts_and_is_removed_completely(stringify!($server));
                }

                #[test]
                fn a_server_restarts_after_a_crash() {
                    super::a_server_restarts_after_a_crash(stringify!($server));
                }

                #[test]
                fn a_test_has_a_private_server() {
                    super::a_test_has_a_private_server(stringify!($server));
                }
            }
        )*
    };
}

punctual_backends::for_each_backend!(started_server => with_each_server);

#[test]
fn each_server_backend_has_a_server() {
    macro_rules! names {
        ($($server:ident)*) => { [$(stringify!($server)),*] };
    }
    let mut expected = punctual_backends::for_each_backend!(started_server => names);
    let mut names = ServicesScript::new().names();
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
}

fn a_server_starts_and_is_removed_completely(name: &str) {
    let services = ServicesScript::new();
    assert_eq!(services.status(name), (3, format!("{name}: stopped")));
    let lines = services.run(&["start", name]);
    let id = services.id(name);
    let url = services_script::url(name, &lines);
    client::write(name, &url);
    assert_eq!(services.run(&["start", name]), lines, "the same variables while it runs");
    assert_eq!(services.id(name), id, "no other server was started");
    let (code, line) = services.status(name);
    assert_eq!(code, 0);
    assert!(line.starts_with(&format!("{name}: running, {url}")), "{line}");

    for _ in 0..2 {
        assert_eq!(services.run(&["down", name]), "");
        assert_eq!(services.processes(), [0; 0]);
    }
    let (code, line) = services.status(name);
    assert_eq!(code, 3);
    assert!(line.starts_with(&format!("{name}: down")), "{line}");
    for _ in 0..2 {
        assert_eq!(services.run(&["up", name]), lines);
        assert!(client::is_written(name, &url), "the data are kept");
    }

    assert_eq!(services.run(&["stop"]), "");
    assert_eq!(services.status(name), (3, format!("{name}: stopped")));
    services.assert_removed();
    assert_eq!(services.run(&["stop", name]), "", "stopping twice is no error");
}

fn a_server_restarts_after_a_crash(name: &str) {
    let services = ServicesScript::new();
    let lines = services.run(&["start", name]);
    let url = services_script::url(name, &lines);
    client::write(name, &url);

    services.kill(name);
    let (code, line) = services.status(name);
    assert_eq!(code, 3);
    assert!(line.starts_with(&format!("{name}: crashed")), "{line}");
    assert_eq!(services.run(&["up", name]), lines);
    assert!(client::is_written(name, &url), "the data are kept");

    services.kill(name);
    let lines = services.run(&["start", name]);
    assert!(
        !client::is_written(name, &services_script::url(name, &lines)),
        "start creates a new server"
    );

    let id = services.kill(name);
    services.run(&["stop"]);
    services.assert_removed();
    let shared_memory = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let creator = |line: &str| line.split_whitespace().nth(4).map(String::from);
    assert!(shared_memory.lines().all(|line| creator(line) != Some(id.to_string())));
}

fn a_test_has_a_private_server(name: &'static str) {
    let services = ServicesScript::new();
    let server = Server::start_in(name, services.folder());
    client::write(name, server.url());
    server.down();
    assert_eq!(services.processes(), [0; 0]);
    server.up();
    assert!(client::is_written(name, server.url()));
    drop(server);
    services.assert_removed();
}

#[test]
fn several_servers_as_an_unprivileged_user() {
    let services = ServicesScript::as_unprivileged_user();
    let mut names = services.names();
    // Its `mongod` is in the cache of another user, and FerretDB, which takes its place, is mounted by root.
    names.retain(|name| *name != "mongodb");
    let start = ["start", &names.join(" ")].join(" ");
    let lines = services.run(&start.split(' ').collect::<Vec<_>>());
    let ids = || names.iter().map(|name| services.id(name)).collect::<Vec<_>>();
    let before = ids();
    for name in &names {
        client::write(name, &services_script::url(name, &lines));
    }
    let [one, two] = services.run_concurrently([&start, &start]);
    assert_eq!((&one, &two), (&lines, &lines));
    assert_eq!(ids(), before);
    let [first, second, .., last] = &names[..] else { panic!("more than two servers") };
    services.run(&["down", first, last]);
    assert_eq!(services.status(second).0, 0, "only the named servers");
    services.run(&["up", last, first]);
    for name in &names {
        assert!(client::is_written(name, &services_script::url(name, &lines)));
    }
    services.run(&["stop"]);
    services.assert_removed();
}

#[test]
fn concurrent_starts_share_a_server() {
    let services = ServicesScript::new();
    let [one, two] = services.run_concurrently(["start"; 2].map(|verb| [verb, "redis"].join(" ")));
    assert_eq!(one, two);
    assert!(client::is_there("redis", &services_script::url("redis", &one)));
    services.run(&["stop"]);
    services.assert_removed();
}

#[test]
fn an_existing_server_is_used() {
    let services = ServicesScript::new();
    let url = "redis://me:secret@db.example.com/1?protocol=resp3";
    let given = [("PUNCTUAL_TEST_REDIS_URL", url)];
    let output = services.run_with(&["start", "redis"], &given);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.contains("given"), "{errors}");
    assert!(!errors.contains("secret"));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(services_script::url("redis", &lines), url);
    assert_eq!(services.processes(), [0; 0]);

    let output = services.run_with(&["status", "redis"], &given);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"redis: given by PUNCTUAL_TEST_REDIS_URL\n");
    assert!(!services.run_with(&["down", "redis"], &given).status.success());
    assert!(!services.run_with(&["up", "redis"], &given).status.success());
    services.run(&["stop"]);
    services.assert_removed();
}

/// After `eval "$(scripts/services start)"`, `stop` and `start` in the same shell still manage these servers.
#[test]
fn a_started_server_is_not_an_existing_one() {
    let services = ServicesScript::new();
    let url = services_script::url("redis", &services.run(&["start", "redis"]));
    services.run(&["stop"]);
    let shell = [("PUNCTUAL_TEST_REDIS_URL", &*url), ("PUNCTUAL_SERVICES_REDIS_URL", &*url)];
    let output = services.run_with(&["start", "redis"], &shell);
    assert!(output.status.success());
    let url = services_script::url("redis", &String::from_utf8(output.stdout).unwrap());
    assert!(client::is_there("redis", &url));
    services.run(&["stop"]);
    services.assert_removed();
}

/// Bound ports that don't listen can't be detected by connecting.
#[tokio::test]
async fn a_port_in_use_is_skipped() {
    let (taken, first) = seven_consecutive_ports();
    let last = first + 7;
    let services = ServicesScript::new();
    let ports = format!("{first}-{last}");
    let output =
        services.run_with(&["start", "redis"], &[("PUNCTUAL_SERVICES_PORTS", ports.as_str())]);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(services_script::url("redis", &lines), format!("redis://127.0.0.1:{last}/"));
    services.run(&["stop"]);

    let ports = format!("{first}-{first}");
    for name in &services.names() {
        let output =
            services.run_with(&["start", name], &[("PUNCTUAL_SERVICES_PORTS", ports.as_str())]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains("in use"), "{errors}");
        assert_eq!(output.stdout, b"");
        services.assert_removed();
    }
    drop(taken);
}

/// Binds seven consecutive ports and returns them with the first port number; the port after them is free. They lie
/// outside the range of ephemeral ports, at a random position, since this test may run several times concurrently.
fn seven_consecutive_ports() -> (Vec<TcpSocket>, u16) {
    let take = |port: u16| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).map(|()| socket)
    };
    std::iter::repeat_with(|| 30_000 + 8 * fastrand::u16(..340))
        .take(1_000)
        .find_map(|first| {
            let sockets: Option<Vec<_>> = (first..first + 8).map(|port| take(port).ok()).collect();
            let mut sockets = sockets?;
            sockets.pop();
            Some((sockets, first))
        })
        .expect("eight free ports")
}

/// The start is interrupted before the server has opened its data folder.
#[test]
fn an_interrupted_start_is_removed_completely() {
    let services = ServicesScript::as_unprivileged_user();
    let path = services.programs_with("redis-server", "#!/bin/sh\nkill -STOP $$");
    assert_eq!(services.interrupt_start("redis", &[("PATH", &path)]), Some(143));
    services.assert_removed();
}

#[test]
fn a_failed_start_prints_the_log_and_is_removed() {
    let services = ServicesScript::as_unprivileged_user();
    let path = services.programs_with("redis-server", "#!/bin/sh\necho for want of a nail");
    let output = services.run_with(&["start", "redis"], &[("PATH", &path)]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("for want of a nail"), "{errors}");
    assert_eq!(output.stdout, b"");
    services.assert_removed();
}

#[test]
fn a_missing_program_is_reported() {
    let services = ServicesScript::as_unprivileged_user();
    let programs = services.programs_without("redis-server");
    let path = [("PATH", programs.as_str())];
    let output = services.run_with(&["start", "redis"], &path);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(errors.contains("redis-server is missing: install it"), "{errors}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn invalid_arguments_are_rejected() {
    let services = ServicesScript::new();
    let names = services.names().join(" ");
    let unknown = format!("there is no server oracle; there are: {names}");
    let which = format!("down which of {names}?");
    for (words, answer) in [
        (vec![], "which of start, stop, status, down and up?"),
        (vec!["restart"], "which of start, stop, status, down and up?"),
        (vec!["start", "oracle"], &*unknown),
        (vec!["stop", "--durable"], "there is no server --durable"),
        (vec!["down"], &which),
        (vec!["down", "redis"], "redis: is not running"),
        (vec!["up", "redis"], "redis: does not exist"),
    ] {
        let output = services.run_with(&words, &[]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains(answer), "{words:?}: {errors}");
        assert_eq!(output.stdout, b"");
    }
    assert_eq!(services.processes(), [0; 0]);
}
