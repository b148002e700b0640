//! Something to be found again on a server.

use punctual_tests::client::ask;

/// Writes what [`is_written`] looks for.
pub(crate) fn write(name: &str, url: &str) {
    let words = match name {
        "redis" => "set word kept",
        _ => "CREATE TABLE kept AS SELECT 'kept' AS word",
    };
    ask(name, url, words).expect("the server takes it");
}

/// Whether it is there.
pub(crate) fn is_written(name: &str, url: &str) -> bool {
    let words = if name == "redis" { "get word" } else { "SELECT word FROM kept" };
    ask(name, url, words).is_ok_and(|said| said == "kept")
}

/// Whether the server answers.
pub(crate) fn is_there(name: &str, url: &str) -> bool {
    ask(name, url, if name == "redis" { "ping" } else { "SELECT 1" }).is_ok()
}
