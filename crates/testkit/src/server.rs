//! Where the servers are that tests need.

/// The URL of a server for tests, which is in the variable `PUNCTUAL_TEST_NAME_URL`: for `"postgres"` in
/// `PUNCTUAL_TEST_POSTGRES_URL`.
///
/// `scripts/services` of this repository starts servers and prints these variables; a server that is there
/// already serves as well. Tests may create and drop tables and schemas of their own names in it.
///
/// # Panics
///
/// When the variable is missing or empty: a test without its server fails, and never passes unrun.
///
/// # Examples
///
/// ```no_run
/// let url = punctual_testkit::server_url("postgres");
/// assert!(url.starts_with("postgres://"));
/// ```
#[must_use]
#[track_caller]
pub fn server_url(name: &str) -> String {
    let variable = format!("PUNCTUAL_TEST_{}_URL", name.to_uppercase());
    match std::env::var(&variable) {
        Ok(url) if !url.is_empty() => url,
        _ => panic!(
            "this test needs {name}, and {variable} is not set; \
             run this first: eval \"$(scripts/services start {name})\""
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::server_url;

    #[test]
    #[should_panic(expected = "eval \"$(scripts/services start nosuch)\"")]
    fn a_missing_server_is_no_silence() {
        let _ = server_url("nosuch");
    }
}
