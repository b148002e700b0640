//! Jobs with extreme values.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::test_store::TestStore;

/// The sender from the runs to the test.
struct RunSender(Mutex<Sender<(String, String)>>);

#[task]
fn send_run(context: JobContext, text: String) {
    let sender = context.app_data::<RunSender>().expect("the sender");
    // Fails only if the test has ended.
    let _ = sender.0.lock().unwrap().send((context.job_id().to_string(), text));
}

pub(crate) fn stored_and_run(backend: &'static Backend) {
    let folder = tempfile::tempdir().unwrap();
    let test_store = TestStore::new(backend, folder.path());
    // 1 MiB of four-byte characters, then characters that are special in SQL, JSON and regular expressions.
    let text = format!("{}'\"`\\\0\u{1}\r\n%_$1{{}}?--;", "🕐".repeat(1 << 18));
    let long = "🚀".repeat(191);
    let (sender, runs_received) = channel();

    let scheduler = test_store.scheduler().task(send_run).build().unwrap();
    scheduler.start_paused().unwrap();
    let add = |id: &str, when| {
        let job = scheduler.job(send_run(text.clone())).id(id).trigger(DateTrigger::at(when));
        job.misfire_grace_time(None).add()
    };
    add(&long, Timestamp::UNIX_EPOCH).unwrap();
    add("'; DROP TABLE punctual_jobs; --", Timestamp::UNIX_EPOCH).unwrap();
    add("the last", Timestamp::MAX).unwrap();
    let error = add(&"🚀".repeat(192), Timestamp::MAX).unwrap_err();
    assert!(error.to_string().contains("191"), "{error}");
    scheduler.shutdown().unwrap();

    let again = test_store
        .scheduler()
        .task(send_run)
        .app_data(RunSender(Mutex::new(sender)))
        .start()
        .unwrap();
    let mut runs: Vec<_> = (0..2)
        .map(|_| runs_received.recv_timeout(Duration::from_secs(60)).expect("a run"))
        .collect();
    runs.sort();
    for (run, id) in runs.iter().zip(["'; DROP TABLE punctual_jobs; --", &long]) {
        // Not `assert_eq`, which would print the long text.
        assert!((&*run.0, &run.1) == (id, &text));
    }
    let last = again.get_job("the last").unwrap().expect("the job exists");
    assert_eq!(last.next_run_time, Some(Timestamp::MAX));
    again.shutdown().unwrap();
}
