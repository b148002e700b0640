//! Tests that open windows.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Set in the process of a test that has a display.
const VARIABLE: &str = "PUNCTUAL_TEST_DISPLAY";

/// Runs a test in a process of its own with a display of X11 in memory, because the display is found by a variable of the
/// environment, and some libraries can open only one for each process. It starts the program of the tests again, for
/// this test only; in that process, it calls `test`. Needs the program Xvfb (Debian: `xvfb`).
///
/// `path` is the path of the test, beginning with that of its module.
///
/// # Panics
///
/// If the test fails, or the display can't be started.
///
/// # Examples
///
/// ```no_run
/// use punctual_testkit::on_display;
///
/// // A test.
/// fn a_window_opens() {
///     on_display(concat!(module_path!(), "::a_window_opens"), || {
///         // Open a window.
///     });
/// }
/// # a_window_opens();
/// ```
pub fn on_display(path: &str, test: impl FnOnce()) {
    if env::var_os(VARIABLE).is_some() {
        return test();
    }
    // The names of tests don't begin with the crate.
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    let mut display = Display::start();
    let output = Command::new(env::current_exe().expect("the program of the tests"))
        .args(["--exact", name])
        .env(VARIABLE, "1")
        .env("DISPLAY", format!(":{}", display.number))
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .expect("the program of the tests");
    let text = String::from_utf8_lossy(&output.stdout);
    // With a wrong name, no test runs.
    let has_passed = output.status.success() && text.contains("1 passed");
    assert!(
        has_passed,
        "{name}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    display.wait();
}

/// A display in memory; killed when it is dropped.
struct Display {
    server: Child,
    number: String,
}

impl Display {
    /// Starts a server, which chooses a free display.
    fn start() -> Self {
        // With `-terminate`, it ends after its last client.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-terminate", "-nolisten", "tcp"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb, which `scripts/test tools` installs");
        let stdout = server.stdout.take().expect("it is piped");
        let mut display = Self { server, number: String::new() };
        // Written when the server accepts connections.
        BufReader::new(stdout).read_line(&mut display.number).expect("the number of the display");
        display.number.truncate(display.number.trim_end().len());
        assert!(!display.number.is_empty(), "Xvfb does not start");
        display
    }

    /// Waits for its end, after that of its last client.
    fn wait(&mut self) {
        self.server.wait().expect("a child process");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
