//! The stored form of commands, and the commands that a process allows.

use std::sync::Arc;
use std::time::Duration;

use crate::common::error;
use punctual_core::{
    Codec, Encoded, IntoAction, JobContext, JobContextParts, JobId, RunId, Task, TaskBody, TaskFn,
    TaskName, TaskRegistration, TaskRegistry, Tasks, Timestamp, error_chain,
};
use punctual_task_command::{CommandError, CommandOutput, CommandTask, JobCommand, command, shell};

#[cfg(target_os = "linux")]
use crate::common::Held;

fn full() -> JobCommand {
    command("backup")
        .args(["--full", "a b"])
        .env("KEY", "value")
        .env_clear()
        .current_dir("/srv")
        .stdin("text")
        .timeout(Duration::from_secs(60))
        .grace(Duration::from_millis(1_500))
        .output_limit(1_000)
        .output_timeout(Duration::ZERO)
}

#[test]
fn the_json_form_is_stable() {
    let json = Codec::Json.encode(&full()).unwrap();
    assert_eq!(
        std::str::from_utf8(json.as_bytes()).unwrap(),
        concat!(
            r#"{"v1":{"program":"backup","args":["--full","a b"],"env":{"KEY":"value"},"env_clear":true,"#,
            r#""current_dir":"/srv","stdin":"text","timeout":{"secs":60,"nanos":0},"#,
            r#""grace":{"secs":1,"nanos":500000000},"output_limit":1000,"output_timeout":{"secs":0,"nanos":0}}}"#
        )
    );
}

#[test]
fn every_codec_preserves_all_fields() {
    for codec in [Codec::Json, Codec::Bincode] {
        for command in [full(), command("true"), shell("true").output_timeout(Duration::MAX)] {
            let back: JobCommand = codec.encode(&command).unwrap().decode().unwrap();
            assert!(back == command, "{codec:?}: {back:?}");
        }
    }
}

#[test]
fn unknown_versions_are_rejected() {
    for (json, expected) in [
        (r#"{"v9":{"novel":true}}"#, "v9"),
        (r#"{"v1":{"program":"a"}}"#, "args"),
        (r#"["a"]"#, "the value can't be decoded"),
    ] {
        let error = Codec::decode::<JobCommand>(json.as_bytes()).unwrap_err();
        let error = error_chain(&error).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn invalid_commands_are_rejected_before_they_are_stored() {
    for (command, expected) in [
        (command(""), "the program is missing"),
        (command("a\0"), "the program \"a\\0\" has a NUL"),
        (command("a").args(["b", "s3cret\0"]), "a: argument 2 has a NUL"),
        (command("a").env("B=C", ""), "a: \"B=C\" is not a valid name of a variable"),
        (command("a").env("", "s3cret"), "a: \"\" is not a valid name of a variable"),
        (command("a").env("B", "s3cret\0"), "a: the variable B has a NUL"),
        (command("a").current_dir("\0"), "a: the directory \"\\0\" has a NUL"),
        (command("a").timeout(Duration::ZERO), "a: timeout 0: it must be greater"),
    ] {
        let error = Codec::Json.encode(&command).unwrap_err();
        let error = error_chain(&error).to_string();
        assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
    }
}

/// Runs a stored command in the way of a process with these tasks.
async fn run_stored(tasks: &TaskRegistry, args: &Encoded) -> Result<CommandOutput, String> {
    let (id, at) = (JobId::new("job").unwrap(), Timestamp::from_seconds(0));
    let parts = JobContextParts::new(id, Default::default(), RunId::random(), at);
    let context = JobContext::new(parts);
    let task = tasks.get(&TaskName::new("command").unwrap()).ok_or("unknown")?;
    match task.body(context, args).map_err(|error| error_chain(&error).to_string())? {
        TaskBody::Async(work) => {
            let value = work.await.map_err(|error| error_chain(&*error).to_string())?;
            Ok(serde_json::from_value(value).unwrap())
        }
        TaskBody::Blocking(_) => panic!("commands don't block"),
    }
}

fn tasks(registrations: impl IntoIterator<Item = TaskRegistration>) -> TaskRegistry {
    let mut tasks = TaskRegistry::new();
    for task in registrations {
        tasks.register(task).unwrap();
    }
    tasks
}

#[tokio::test]
async fn a_process_runs_only_allowed_commands() {
    let args = Codec::Json.encode(&command("echo").arg("hi")).unwrap();
    let not_allowed = |reason: &str| Err(format!("echo is not allowed: {reason}"));
    let checked = CommandTask::checked(|command| match command.get_args() {
        [hi] if hi == "hi" => Err("no greetings".to_owned()),
        _ => Ok(()),
    });
    let not_among = "the program is not among those that this process allows";
    for (task, expected) in [
        (None, Err("unknown".to_owned())),
        (Some(CommandTask::any()), Ok("hi\n".to_owned())),
        (Some(CommandTask::only(["true", "echo"])), Ok("hi\n".to_owned())),
        (Some(CommandTask::only(["/bin/echo"])), not_allowed(not_among)),
        (Some(checked), not_allowed("no greetings")),
    ] {
        let tasks = tasks(task.map(|task| task.registration().unwrap()));
        let printed = run_stored(&tasks, &args).await.map(|output| output.stdout.to_string());
        assert_eq!(printed, expected);
    }
}

#[tokio::test]
async fn adding_a_command_lifts_no_restriction() {
    let only = || CommandTask::only(["true"]).registration().unwrap();
    let by_adding = TaskRegistration::of::<CommandTask>().unwrap();
    let mut tasks = tasks([only(), by_adding.clone()]);
    let args = Codec::Json.encode(&command("echo")).unwrap();
    run_stored(&tasks, &args).await.unwrap_err();
    assert!(tasks.register(CommandTask::any().registration().unwrap()).is_err());

    let list = Tasks::new().task(CommandTask::only(["true"]));
    let mut listed = TaskRegistry::new();
    list.registrations().for_each(|task| assert!(listed.register(task.unwrap()).unwrap()));
    run_stored(&listed, &args).await.unwrap_err();

    let mut late = TaskRegistry::new();
    late.register(by_adding).unwrap();
    let error = late.register(only()).unwrap_err().to_string();
    assert!(error.contains("settings can be registered only once"), "{error}");
}

/// Errors are sent this way by a process pool.
#[tokio::test]
async fn errors_can_be_sent_to_another_process() {
    let late = shell("echo s3cret; sleep 1000 # s3cret").timeout(Duration::from_millis(100));
    let errors = [
        error(&shell("echo out; echo err >&2; exit 3")).await,
        error(&late).await,
        command("sleep").arg("1000").run(std::future::ready(())).await.unwrap_err(),
        error(&command("no-such-program")).await,
        error(&command("true").current_dir("/no/such/place")).await,
    ];
    for error in errors {
        let (text, output, retryable) =
            (error.to_string(), error.output().cloned(), error.is_retryable());
        let written = <CommandTask as Task>::write_error(&error.into()).expect("data");
        assert!(!written.to_string().contains("# s3cret"), "{written}");
        let read = <CommandTask as Task>::read_error(written).expect("the error");
        let read = read.downcast::<CommandError>().expect("of the same type");
        assert_eq!((read.to_string(), read.output()), (text, output.as_ref()));
        assert_eq!(read.is_retryable(), retryable, "{read}");
    }
}

/// The only thread of this runtime is blocked, like that of a scheduler whose executor blocks it.
#[tokio::test(flavor = "current_thread")]
async fn a_command_needs_no_runtime_of_the_executor() {
    let tasks = Arc::new(tasks([CommandTask::any().registration().unwrap()]));
    let args = Codec::Json.encode(&command("echo").arg("hi")).unwrap();
    let blocking = std::thread::spawn({
        let (tasks, args) = (Arc::clone(&tasks), args.clone());
        move || pollster::block_on(run_stored(&tasks, &args))
    });
    assert_eq!(blocking.join().unwrap().unwrap().stdout.head, "hi\n", "without a runtime");
    let output = pollster::block_on(run_stored(&tasks, &args));
    assert_eq!(output.unwrap().stdout.head, "hi\n", "on a blocked runtime");
    let _: punctual_core::Action = command("true").into_action();
}

/// Like a scheduler that runs jobs on its own thread.
#[test]
fn a_command_runs_while_the_only_worker_of_the_runtime_is_blocked() {
    let tasks = tasks([CommandTask::any().registration().unwrap()]);
    let args = Codec::Json.encode(&command("echo").arg("hi")).unwrap();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    runtime.spawn(async move { sender.send(pollster::block_on(run_stored(&tasks, &args))) });
    let output = receiver.recv_timeout(Duration::from_secs(60));
    runtime.shutdown_background();
    assert_eq!(output.unwrap().unwrap().stdout.head, "hi\n");
}

/// In a dedicated process with a low limit of open files.
#[test]
#[cfg(target_os = "linux")]
fn many_commands_need_few_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use std::fs;
    use std::io::Write;

    const DEDICATED: &str = "PUNCTUAL_TEST_FEW_FILES";
    const COMMANDS: usize = 40;
    if std::env::var_os(DEDICATED).is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["stored::many_commands_need_few_open_files", "--exact", "--nocapture"])
            .env(DEDICATED, "")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let (folder, held) = (tempfile::tempdir().unwrap(), Held::new());
    // Opened for reading and writing, so that no process blocks in `open`.
    let mut go = fs::File::options().read(true).write(true).open(held.path()).unwrap();
    let tasks = Arc::new(tasks([CommandTask::any().registration().unwrap()]));
    let start = |command| {
        let (tasks, args) = (Arc::clone(&tasks), Codec::Json.encode(&command).unwrap());
        std::thread::spawn(move || pollster::block_on(run_stored(&tasks, &args)))
    };
    // Opens the files that all commands share.
    start(command("true")).join().unwrap().unwrap();
    let open = fs::read_dir("/proc/self/fd").unwrap().count();
    // Two pipes and a pidfd per command, and some more for a start in progress.
    let current = Some((open + 3 * COMMANDS + 20) as u64);
    setrlimit(Resource::Nofile, Rlimit { current, ..getrlimit(Resource::Nofile) }).unwrap();
    let started = (0..COMMANDS).map(|number| {
        let started_file = folder.path().join(number.to_string());
        let script =
            format!("touch {}; read go < {}", started_file.display(), held.path().display());
        let run = start(shell(script));
        while !started_file.exists() && !run.is_finished() {
            std::thread::yield_now();
        }
        run
    });
    let runs: Vec<_> = started.collect();
    go.write_all(&b"\n".repeat(COMMANDS)).unwrap();
    runs.into_iter().for_each(|run| drop(run.join().unwrap().unwrap()));
}
