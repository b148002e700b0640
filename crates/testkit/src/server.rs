//! URLs of the servers that tests need.

/// Returns the URL of a server for tests from the environment variable `PUNCTUAL_TEST_NAME_URL`; for `"postgres"` from
/// `PUNCTUAL_TEST_POSTGRES_URL`.
///
/// `scripts/services` of this repository starts servers and prints these variables; a server that is already running
/// can be used as well. Tests may create and drop tables and schemas with their own names in it.
///
/// # Panics
///
/// If the variable is missing or empty: a test without its server fails instead of being skipped.
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
    fn a_missing_variable_panics() {
        let _ = server_url("nosuch");
    }
}
