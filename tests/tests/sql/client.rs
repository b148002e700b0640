//! The command-line clients of the servers.

use std::process::Command;

use punctual_tests::server::Server;

/// Executes a statement.
pub(crate) fn execute(server: &Server, statement: &str) {
    let url = server.url();
    let mut client;
    if server.name() == "postgres" {
        client = Command::new("psql");
        client.args(["--no-psqlrc", "--quiet", "--dbname", url, "--command", statement]);
    } else {
        let (address, database) = url.rsplit_once('/').expect("a database");
        let (_, port) = address.rsplit_once(':').expect("a port");
        client = Command::new("mariadb");
        client.args(["--no-defaults", "--protocol=tcp", "--user=root", "--port", port]);
        client.args(["--database", database, "--execute", statement]);
    }
    let output = client.output().expect("the server's client");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{statement}: {errors}");
}
