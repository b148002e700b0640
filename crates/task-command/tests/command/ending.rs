//! Exit statuses and errors of commands.

use std::time::Duration;

use crate::common::{error, run};
use punctual_core::error_chain;
use punctual_task_command::{CommandError, CommandStatus, JobCommand, command, shell};

#[tokio::test]
async fn a_success_returns_the_output() {
    let output = run(&shell("echo out; echo err >&2")).await.unwrap();
    assert_eq!(output.status, CommandStatus::Exited(0));
    assert_eq!((&*output.stdout.head, &*output.stderr.head), ("out\n", "err\n"));
}

#[tokio::test]
async fn arguments_are_passed_unchanged() {
    let odd = ["a b", "$HOME", "*", "'\"", "", "ä\n"];
    let output = run(&command("printf").arg("[%s]").args(odd)).await.unwrap();
    assert_eq!(output.stdout.to_string(), "[a b][$HOME][*]['\"][][ä\n]");
}

#[tokio::test]
async fn environment_directory_and_input_are_applied() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let script = r#"echo "$A,$PATH,$(pwd)"; cat"#;
    let inherits = shell(script).env("A", "b c").current_dir(&folder).stdin("typed");
    let path = std::env::var("PATH").unwrap();
    let expected = format!("b c,{path},{}\ntyped", folder.display());
    assert_eq!(run(&inherits).await.unwrap().stdout.head, expected);

    let bare = command("/usr/bin/env").env_clear().envs([("A", "1"), ("B", "2")]);
    assert_eq!(run(&bare).await.unwrap().stdout.head, "A=1\nB=2\n");
    assert_eq!(
        run(&command("cat")).await.unwrap().stdout.head,
        "",
        "standard input is empty by default"
    );
    run(&command("true").stdin("x".repeat(1 << 20)))
        .await
        .expect("a program need not read its input");
}

#[tokio::test]
async fn a_failure_reports_program_status_and_end_of_stderr() {
    for (command, expected) in [
        (command("false"), "false: exit status 1"),
        (shell("echo no >&2; exit 3"), "/bin/sh: exit status 3: no"),
        (shell("echo secret; kill -9 $$"), "/bin/sh: killed by signal 9"),
    ] {
        let error = error(&command).await;
        assert_eq!(error.to_string(), expected);
        assert!(!error.output().unwrap().status.is_success());
        assert!(!error.is_retryable(), "the meaning of a status is unknown");
    }
    let long = shell("yes word | head -c 100000 >&2; echo the end >&2; exit 1");
    let text = error(&long).await.to_string();
    assert!(text.ends_with("word\nthe end") && text.len() < 1_100, "{}: {text}", text.len());
}

#[tokio::test]
async fn a_failed_start_names_the_program() {
    for (command, expected) in [
        (command("no-such-program"), "no-such-program can't be started: No such file"),
        (command("/etc/passwd"), "/etc/passwd can't be started: Permission denied"),
        (
            command("true").current_dir("/no/such/place"),
            "true can't be started in /no/such/place: No such file",
        ),
    ] {
        let error = error(&command).await;
        let message = error_chain(&error).to_string();
        assert!(message.starts_with(expected), "{message}");
        assert!(!error.is_retryable() && error.output().is_none());
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test]
async fn only_transient_errors_are_retryable() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    // Written by a separate process: a file that this process has open for writing could be inherited by a program that
    // another test starts.
    let write = shell(r#"echo neither a program nor a script > "$0"; chmod +x "$0""#);
    run(&write.arg(program.to_str().unwrap())).await.unwrap();
    let no_format = command(program.to_str().unwrap());
    for command in [no_format, command("true").arg("x".repeat(16 << 20)), command("no-such")] {
        let error = error(&command).await;
        assert!(!error.is_retryable(), "{error}");
    }
    // Linux does not execute a file that is open for writing.
    #[cfg(target_os = "linux")]
    {
        std::fs::write(&program, "#!/bin/sh\n").unwrap();
        let _open = std::fs::OpenOptions::new().write(true).open(&program).unwrap();
        let error = error(&command(program.to_str().unwrap())).await;
        assert!(error.is_retryable(), "{error}");
    }
}

/// In a dedicated process, started with SIGCHLD ignored.
#[tokio::test]
async fn exit_statuses_are_collected_although_sigchld_was_ignored() {
    const DEDICATED: &str = "PUNCTUAL_TEST_ALONE";
    if std::env::var_os(DEDICATED).is_none() {
        // Not every other shell can ignore SIGCHLD.
        let status = std::process::Command::new("bash")
            .args(["-c", r#"trap '' CHLD; exec "$0" "$@""#])
            .arg(std::env::current_exe().unwrap())
            .args(["ending::exit_statuses_are_collected_although_sigchld_was_ignored", "--exact"])
            .env(DEDICATED, "yes")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    for _ in 0..10 {
        assert_eq!(error(&shell("exit 3")).await.to_string(), "/bin/sh: exit status 3");
    }
}

#[tokio::test]
async fn secrets_are_not_shown() {
    fn shown(command: &JobCommand) -> String {
        format!("{command:?}")
    }
    let secret = shell("exit 1 # s3cret").arg("s3cret").env("KEY", "s3cret").stdin("s3cret");
    let failed = error(&secret).await;
    let late = error(&secret.clone().arg("s3cret").timeout(Duration::from_nanos(1))).await;
    let lost = error(&command("no-such-program").arg("s3cret").env("KEY", "s3cret")).await;
    for text in [
        shown(&secret),
        format!("{failed} {failed:?}"),
        format!("{late} {late:?}"),
        format!("{} {lost:?}", error_chain(&lost)),
    ] {
        assert!(!text.contains("s3cret"), "{text}");
    }
    assert!(shown(&secret).contains("KEY") && shown(&secret).contains("/bin/sh"));
    assert!(matches!(failed, CommandError::Failed { .. }));
}
