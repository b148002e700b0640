//! The servers' own command-line clients, which come with them.

use std::process::Command;

/// What the server at `url` answers to a statement or command, without a line break at its end; or why it
/// doesn't.
///
/// # Errors
///
/// What the client says.
///
/// # Panics
///
/// When there is no client for that server, or it can't be started.
pub fn ask(server: &str, url: &str, words: &str) -> Result<String, String> {
    let mut client;
    match server {
        "postgres" => {
            client = Command::new("psql");
            client.args(["--no-psqlrc", "--tuples-only", "--no-align", "--dbname", url]);
            client.args(["--command", words]);
        }
        "mysql" => {
            let (address, database) = url.rsplit_once('/').expect("a database");
            let (_, port) = address.rsplit_once(':').expect("a port");
            client = Command::new("mariadb");
            client.args(["--no-defaults", "--protocol=tcp", "--user=root", "--port", port]);
            client.args(["--skip-column-names", "--database", database, "--execute", words]);
        }
        "redis" => {
            client = Command::new("redis-cli");
            client.args(["-e", "-u", url]).args(words.split(' '));
        }
        _ => panic!("no client of {server}"),
    }
    let output = client.output().expect("the server's client");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
