//! Tests of `scripts/services`: servers start, are found again, restart after a crash, and are removed completely.

mod client;
mod place;

use std::fs;
use std::net::SocketAddr;

use place::Place;
use punctual_tests::server::Server;
use tokio::net::TcpSocket;

/// Instantiates each of these functions for each server.
macro_rules! with_each_server {
    ($($server:ident)*) => {
        $(
            mod $server {
                #[test]
                fn it_lives_and_leaves_nothing_behind() {
                    super::it_lives_and_leaves_nothing_behind(stringify!($server));
                }

                #[test]
                fn it_comes_back_after_a_crash() {
                    super::it_comes_back_after_a_crash(stringify!($server));
                }

                #[test]
                fn a_test_has_one_of_its_own() {
                    super::a_test_has_one_of_its_own(stringify!($server));
                }
            }
        )*
    };
}

punctual_backends::for_each_backend!(server => with_each_server);

// The server has no backend yet.
with_each_server! { redis }

#[test]
fn each_backend_on_a_server_has_one_of_its_name() {
    macro_rules! names {
        ($($server:ident)*) => { [$(stringify!($server)),*] };
    }
    let backends = punctual_backends::for_each_backend!(server => names);
    let mut expected: Vec<_> = backends.into_iter().chain(["redis"]).collect();
    let mut names = Place::new().names();
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
}

fn it_lives_and_leaves_nothing_behind(name: &str) {
    let place = Place::new();
    assert_eq!(place.status(name), (3, format!("{name}: stopped")));
    let lines = place.does(&["start", name]);
    let id = place.id(name);
    let url = place::url(name, &lines);
    client::write(name, &url);
    assert_eq!(place.does(&["start", name]), lines, "the same variables while it runs");
    assert_eq!(place.id(name), id, "no other server was started");
    let (code, line) = place.status(name);
    assert_eq!(code, 0);
    assert!(line.starts_with(&format!("{name}: running, {url}")), "{line}");

    for _ in 0..2 {
        assert_eq!(place.does(&["down", name]), "");
        assert_eq!(place.processes(), [0; 0]);
    }
    let (code, line) = place.status(name);
    assert_eq!(code, 3);
    assert!(line.starts_with(&format!("{name}: down")), "{line}");
    for _ in 0..2 {
        assert_eq!(place.does(&["up", name]), lines);
        assert!(client::is_written(name, &url), "the data are kept");
    }

    assert_eq!(place.does(&["stop"]), "");
    assert_eq!(place.status(name), (3, format!("{name}: stopped")));
    place.is_gone();
    assert_eq!(place.does(&["stop", name]), "", "stopping twice is no error");
}

fn it_comes_back_after_a_crash(name: &str) {
    let place = Place::new();
    let lines = place.does(&["start", name]);
    let url = place::url(name, &lines);
    client::write(name, &url);

    place.kill(name);
    let (code, line) = place.status(name);
    assert_eq!(code, 3);
    assert!(line.starts_with(&format!("{name}: crashed")), "{line}");
    assert_eq!(place.does(&["up", name]), lines);
    assert!(client::is_written(name, &url), "the data are kept");

    place.kill(name);
    let lines = place.does(&["start", name]);
    assert!(!client::is_written(name, &place::url(name, &lines)), "start creates a new server");

    let id = place.kill(name);
    place.does(&["stop"]);
    place.is_gone();
    let shared_memory = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let creator = |line: &str| line.split_whitespace().nth(4).map(String::from);
    assert!(shared_memory.lines().all(|line| creator(line) != Some(id.to_string())));
}

fn a_test_has_one_of_its_own(name: &'static str) {
    let place = Place::new();
    let server = Server::start_in(name, place.folder());
    client::write(name, server.url());
    server.down();
    assert_eq!(place.processes(), [0; 0]);
    server.up();
    assert!(client::is_written(name, server.url()));
    drop(server);
    place.is_gone();
}

#[test]
fn several_at_once_and_as_an_unprivileged_user() {
    let place = Place::of_nobody();
    let lines = place.does(&["start"]);
    let names = place.names();
    let ids = || names.iter().map(|name| place.id(name)).collect::<Vec<_>>();
    let before = ids();
    for name in &names {
        client::write(name, &place::url(name, &lines));
    }
    let [one, two] = place.at_once(["start"; 2]);
    assert_eq!((&one, &two), (&lines, &lines));
    assert_eq!(ids(), before);
    let [first, second, .., last] = &names[..] else { panic!("more than two servers") };
    place.does(&["down", first, last]);
    assert_eq!(place.status(second).0, 0, "only the named servers");
    place.does(&["up", last, first]);
    for name in &names {
        assert!(client::is_written(name, &place::url(name, &lines)));
    }
    place.does(&["stop"]);
    place.is_gone();
}

#[test]
fn two_who_start_it_share_it() {
    let place = Place::new();
    let [one, two] = place.at_once(["start"; 2].map(|verb| [verb, "redis"].join(" ")));
    assert_eq!(one, two);
    assert!(client::is_there("redis", &place::url("redis", &one)));
    place.does(&["stop"]);
    place.is_gone();
}

#[test]
fn a_server_that_is_given_is_used() {
    let place = Place::new();
    let url = "redis://me:secret@db.example.com/1?protocol=resp3";
    let given = [("PUNCTUAL_TEST_REDIS_URL", url)];
    let output = place.run_with(&["start", "redis"], &given);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("given"), "{said}");
    assert!(!said.contains("secret"));
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(place::url("redis", &lines), url);
    assert_eq!(place.processes(), [0; 0]);

    let output = place.run_with(&["status", "redis"], &given);
    assert!(output.status.success());
    assert_eq!(output.stdout, b"redis: given by PUNCTUAL_TEST_REDIS_URL\n");
    assert!(!place.run_with(&["down", "redis"], &given).status.success());
    assert!(!place.run_with(&["up", "redis"], &given).status.success());
    place.does(&["stop"]);
    place.is_gone();
}

/// After `eval "$(scripts/services start)"`, `stop` and `start` in the same shell still manage these servers.
#[test]
fn what_was_started_is_not_given() {
    let place = Place::new();
    let url = place::url("redis", &place.does(&["start", "redis"]));
    place.does(&["stop"]);
    let shell = [("PUNCTUAL_TEST_REDIS_URL", &*url), ("PUNCTUAL_SERVICES_REDIS_URL", &*url)];
    let output = place.run_with(&["start", "redis"], &shell);
    assert!(output.status.success());
    let url = place::url("redis", &String::from_utf8(output.stdout).unwrap());
    assert!(client::is_there("redis", &url));
    place.does(&["stop"]);
    place.is_gone();
}

/// Bound ports that don't listen can't be detected by connecting.
#[tokio::test]
async fn a_port_that_is_taken_is_left_to_its_owner() {
    let (taken, first) = seven_in_a_row();
    let last = first + 7;
    let place = Place::new();
    let ports = format!("{first}-{last}");
    let output =
        place.run_with(&["start", "redis"], &[("PUNCTUAL_SERVICES_PORTS", ports.as_str())]);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(place::url("redis", &lines), format!("redis://127.0.0.1:{last}/"));
    place.does(&["stop"]);

    let ports = format!("{first}-{first}");
    for name in &place.names() {
        let output =
            place.run_with(&["start", name], &[("PUNCTUAL_SERVICES_PORTS", ports.as_str())]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("in use"), "{said}");
        assert_eq!(output.stdout, b"");
        place.is_gone();
    }
    drop(taken);
}

/// Binds seven consecutive ports and returns them with the first port number; the port after them is free. They lie
/// outside the range of ephemeral ports, at a random position, since this test may run several times concurrently.
fn seven_in_a_row() -> (Vec<TcpSocket>, u16) {
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
fn a_start_that_is_cut_off_leaves_nothing_behind() {
    let place = Place::of_nobody();
    let path = place.programs_with("redis-server", "#!/bin/sh\nkill -STOP $$");
    assert_eq!(place.begins_to_start("redis", &[("PATH", &path)]), Some(143));
    place.is_gone();
}

#[test]
fn a_server_that_does_not_start_leaves_its_reasons_and_nothing_else() {
    let place = Place::of_nobody();
    let path = place.programs_with("redis-server", "#!/bin/sh\necho for want of a nail");
    let output = place.run_with(&["start", "redis"], &[("PATH", &path)]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("for want of a nail"), "{said}");
    assert_eq!(output.stdout, b"");
    place.is_gone();
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::of_nobody();
    let programs = place.programs_but("redis-server");
    let path = [("PATH", programs.as_str())];
    let output = place.run_with(&["start", "redis"], &path);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("redis-server is missing: install it"), "{said}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn nonsense_is_refused() {
    let place = Place::new();
    let names = place.names().join(" ");
    let unknown = format!("there is no server oracle; there are: {names}");
    let which = format!("down which of {names}?");
    for (words, answer) in [
        (vec![], "which of start, stop, status, down and up?"),
        (vec!["restart"], "which of start, stop, status, down and up?"),
        (vec!["start", "oracle"], &*unknown),
        (vec!["stop", "--durable"], "there is no server --durable"),
        (vec!["down"], &which),
        (vec!["down", "redis"], "redis: doesn't run"),
        (vec!["up", "redis"], "redis: isn't there"),
    ] {
        let output = place.run_with(&words, &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(answer), "{words:?}: {said}");
        assert_eq!(output.stdout, b"");
    }
    assert_eq!(place.processes(), [0; 0]);
}
