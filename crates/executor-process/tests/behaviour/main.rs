//! Tests of jobs that fail or crash, of their output, and of the children.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the jobs of these tests print")]

mod endings;
mod fixture;
mod kills;
mod machine;
mod options;
mod orphans;
mod printing;
mod stopping;
mod tasks;

/// Not a test, but the main function of the children: this program is a test harness.
#[test]
fn child() {
    punctual_executor_process::init(&tasks::all());
}

/// The same in a program whose `main` is async.
#[test]
fn async_child() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async { punctual_executor_process::init(&tasks::all()) });
}

/// Not a test either, but the main function of the processes that tests kill.
#[test]
fn parent() {
    orphans::parent();
}
