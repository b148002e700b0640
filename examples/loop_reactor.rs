//! A loop that waits for file descriptors: jobs and input in one thread. Unix only.
//!
//! `cargo run --example loop_reactor`

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use std::cell::RefCell;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;
    use std::rc::Rc;

    use punctual::ReactorScheduler;
    use punctual::prelude::*;
    use rustix::event::{PollFd, PollFlags, poll};

    let scheduler = ReactorScheduler::builder().build()?;
    let jobs = scheduler.attach()?;
    // The client of this server is a job: it writes to a connection that the loop reads.
    let (mut connection, client) = UnixStream::pair()?;
    let client = Rc::new(RefCell::new(client));
    let send = jobs.local_task(move |context| {
        writeln!(client.borrow_mut(), "hello at {}", context.scheduled_time())
    });
    scheduler.job(send).id("hello").trigger(IntervalTrigger::seconds(1)).add()?;

    let mut lines = 0;
    while lines < 3 {
        let mut descriptors =
            [PollFd::new(&jobs, PollFlags::IN), PollFd::new(&connection, PollFlags::IN)];
        poll(&mut descriptors, None)?;
        let [has_jobs, has_input] = descriptors.map(|descriptor| !descriptor.revents().is_empty());
        if has_jobs {
            jobs.run_ready(LoopBudget::default());
        }
        if has_input {
            let mut input = [0; 256];
            let length = connection.read(&mut input)?;
            print!("{}", String::from_utf8_lossy(&input[..length]));
            lines += 1;
        }
    }
    jobs.shutdown()?;
    Ok(())
}

#[cfg(not(unix))]
fn main() {}
