//! The servers' own clients, which come with them.

use std::process::Command;

fn client(name: &str, url: &str) -> Command {
    let port = url.trim_end_matches(|c: char| !c.is_ascii_digit()).rsplit(':').next().unwrap();
    let mut client;
    match name {
        "postgres" => {
            client = Command::new("psql");
            client.args([
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--dbname",
                url,
                "--command",
            ]);
        }
        "mysql" => {
            client = Command::new("mariadb");
            client.args(["--no-defaults", "--protocol=tcp", "--user=root", "--port", port]);
            client.args(["--skip-column-names", "--database", "punctual", "--execute"]);
        }
        "redis" => {
            client = Command::new("sh");
            client.args(["-c", &format!("redis-cli -e -u {url} $0")]);
        }
        _ => panic!("no client of {name}"),
    }
    client
}

fn says(name: &str, url: &str, words: &str) -> Option<String> {
    let output = client(name, url).arg(words).output().expect("the server's client");
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim_end().into())
}

/// Writes what [`is_written`] looks for.
pub(crate) fn write(name: &str, url: &str) {
    let words = if name == "redis" {
        "set word kept"
    } else {
        "CREATE TABLE kept AS SELECT 'kept' AS word"
    };
    assert!(says(name, url, words).is_some());
}

/// Whether it is there.
pub(crate) fn is_written(name: &str, url: &str) -> bool {
    let words = if name == "redis" { "get word" } else { "SELECT word FROM kept" };
    says(name, url, words).is_some_and(|said| said == "kept")
}

/// Whether the server answers.
pub(crate) fn is_there(name: &str, url: &str) -> bool {
    says(name, url, if name == "redis" { "ping" } else { "SELECT 1" }).is_some()
}
