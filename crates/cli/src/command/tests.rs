use std::future::pending;
use std::sync::Mutex;

use punctual::{OutputStream, Zone, error_chain};

use super::*;
use crate::crontab::{Crontab, Format};

const LIMIT: u64 = 1 << 20;

fn command(script: &str) -> ShellCommand {
    ShellCommand {
        shell: "/bin/sh".into(),
        script: script.into(),
        stdin: None,
        environment: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
        user: None,
        output_limit: LIMIT,
    }
}

/// Runs a command and returns its output: `o` before lines of stdout, `e` before those of stderr.
async fn output_of(command: &ShellCommand) -> (Result<(), CommandError>, Vec<String>) {
    let lines = Mutex::new(Vec::new());
    let result = run(command, pending(), |line| {
        lines.lock().unwrap().push(match line {
            OutputLine::Line(OutputStream::Stdout, text) => format!("o {text}"),
            OutputLine::Line(OutputStream::Stderr, text) => format!("e {text}"),
            OutputLine::Cut => "truncated".to_owned(),
        });
    })
    .await;
    (result, lines.into_inner().unwrap())
}

#[tokio::test]
async fn both_streams_are_logged_line_by_line() {
    let script = r"echo one; printf 'two\r\n\nthree'; echo four >&2";
    let (result, mut lines) = output_of(&command(script)).await;
    result.unwrap();
    lines.sort();
    assert_eq!(lines, ["e four", "o ", "o one", "o three", "o two"]);
}

#[tokio::test]
async fn standard_input_is_passed() {
    let mut wc = command("cat; echo end");
    wc.stdin = Some("a\nb\n".into());
    assert_eq!(output_of(&wc).await.1, ["o a", "o b", "o end"]);
    let (_, lines) = output_of(&command("cat; echo end")).await;
    assert_eq!(lines, ["o end"], "standard input is empty by default");
    let mut ignores = command("echo ignored");
    ignores.stdin = Some("x".repeat(1 << 20));
    assert!(output_of(&ignores).await.0.is_ok());
}

#[tokio::test]
async fn a_failure_reports_the_status() {
    for (script, expected) in [
        ("exit 3", "exit status 3"),
        ("kill -9 $$", "killed by signal 9"),
        ("no-such-command 2>&-", "exit status 127"),
    ] {
        let error = output_of(&command(script)).await.0.unwrap_err();
        assert_eq!(error.to_string(), expected, "{script}");
    }
    let mut lost = command("true");
    lost.shell = "/no/such/shell".into();
    let error = error_chain(&output_of(&lost).await.0.unwrap_err()).to_string();
    assert!(error.starts_with("/no/such/shell can't be started: "), "{error}");
}

#[tokio::test]
async fn output_beyond_the_limit_is_dropped_and_reported_once() {
    let mut talker = command("for i in 1 2 3 4 5 6 7 8 9; do echo $i; done; exit 0");
    talker.output_limit = 6;
    let (result, lines) = output_of(&talker).await;
    result.unwrap();
    assert_eq!(lines, ["o 1", "o 2", "o 3", "truncated"]);
    talker.output_limit = 18;
    assert_eq!(output_of(&talker).await.1.len(), 9, "exactly the limit");
}

#[tokio::test]
async fn a_long_line_is_split() {
    let (_, lines) = output_of(&command("head -c 20000 /dev/zero | tr '\\0' x")).await;
    let lengths: Vec<_> = lines.iter().map(|line| line.len() - 2).collect();
    assert_eq!(lengths, [8192, 8192, 3616]);
}

#[tokio::test]
async fn no_variables_are_inherited() {
    let mut env = command("/usr/bin/env | grep -v '^_=\\|^PWD=\\|^SHLVL='; pwd");
    env.environment.insert("A".into(), "b c".into());
    env.environment.insert("HOME".into(), "/usr".into());
    let (_, mut lines) = output_of(&env).await;
    lines.sort();
    assert_eq!(lines, ["o /usr", "o A=b c", "o HOME=/usr", "o PATH=/usr/bin:/bin"]);
    env.environment.insert("HOME".into(), "/no/such/home".into());
    assert!(
        output_of(&env).await.1.contains(&"o /".to_owned()),
        "the working directory is / if HOME does not exist"
    );
}

#[tokio::test]
async fn cancelling_a_command_terminates_its_process_group() {
    // The inner shell waits forever; it receives the signal because it is in the same process group. The outer shell
    // waits for its output: processes that remain after its exit are killed.
    let script = "trap 'wait; echo outer; exit 4' TERM; sh -c 'trap \"echo inner; exit\" TERM; \
                  sleep 60 & echo ready; wait' & wait";
    let (ready, cancelled) = tokio::sync::oneshot::channel();
    let ready = Mutex::new(Some(ready));
    let lines = Mutex::new(Vec::new());
    let cancelled = async { cancelled.await.unwrap() };
    let result = run(&command(script), cancelled, |line| {
        if let OutputLine::Line(_, text) = line {
            lines.lock().unwrap().push(text.to_owned());
        }
        if let Some(ready) = ready.lock().unwrap().take() {
            ready.send(()).unwrap();
        }
    })
    .await;
    assert_eq!(result.unwrap_err().to_string(), "terminated by the shutdown: exit status 4");
    let mut lines = lines.into_inner().unwrap();
    lines.sort();
    assert_eq!(lines, ["inner", "outer", "ready"]);
}

fn command_of(crontab: &str) -> Result<ShellCommand, AccountError> {
    let crontab = Crontab::parse("tab", crontab, Format::System, &Zone::utc()).unwrap();
    let ann = Account {
        name: "ann".into(),
        uid: nix::unistd::Uid::from_raw(4_242),
        home: "/home/ann".into(),
    };
    let mut entry = crontab.entries[0].clone();
    if entry.user.as_deref() == Some("ann") {
        entry.user = None;
    }
    ShellCommand::of_entry(&entry, &ann, LIMIT)
}

#[test]
fn the_environment_is_that_of_cron() {
    let plain = command_of("@daily ann x%y").unwrap();
    let expected = [
        ("HOME", "/home/ann"),
        ("LOGNAME", "ann"),
        ("PATH", "/usr/bin:/bin"),
        ("SHELL", "/bin/sh"),
        ("USER", "ann"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(plain.environment, BTreeMap::from(expected));
    assert_eq!(
        (&*plain.shell, &*plain.script, plain.stdin.as_deref()),
        ("/bin/sh", "x", Some("y\n"))
    );

    let set =
        command_of("SHELL=/bin/bash\nHOME=/tmp\nUSER=u\nLOGNAME=l\nMAILTO=root\n@daily ann x")
            .unwrap();
    assert_eq!((&*set.shell, set.directory()), ("/bin/bash", "/tmp"));
    let of = |name: &str| set.environment[name].as_str();
    assert_eq!((of("USER"), of("LOGNAME"), of("MAILTO")), ("u", "ann", "root"));
}

#[test]
fn unknown_and_not_permitted_users_are_errors() {
    assert_eq!(
        command_of("@daily root x").unwrap_err().to_string(),
        "the command can't be run as root: punctual runs as ann, and only root can switch users"
    );
    assert_eq!(
        command_of("@daily no-such-user x").unwrap_err().to_string(),
        "there is no user no-such-user"
    );
}
