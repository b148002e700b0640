//! The lateness of runs on idle loops, and the processor time of loops without runs:
//! `cargo bench -p punctual-loops --all-features`, with the name of a loop to measure only that. That of winit needs a
//! display, such as that of `xvfb-run`.

use std::cell::RefCell;
use std::env;
use std::error::Error;
use std::io::{Write, stdout};
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual_core::Timestamp;
use punctual_executor_loop::LoopBudget;
use punctual_loops::{AttachedLoop, LocalScheduler};
use punctual_triggers::DateTrigger;
use tokio::sync::Notify;

/// The number of runs, and the time between two.
const RUNS: u32 = 1_000;
const DISTANCE: Duration = Duration::from_millis(7);
/// The time without runs, and that before it, in which the last jobs are removed.
const IDLE: Duration = Duration::from_secs(10);
const SETTLED: Duration = Duration::from_secs(1);

type Result = std::result::Result<(), Box<dyn Error>>;

/// Measures one kind of loop, with this name.
type Measure = fn(&str) -> Result;

fn main() -> Result {
    let loops: &[(&str, Measure)] = &[
        ("by-hand", by_hand),
        ("local-set", local_set),
        ("smol", smol),
        #[cfg(all(unix, feature = "descriptor"))]
        ("descriptor", descriptor),
        #[cfg(all(unix, feature = "calloop"))]
        ("calloop", calloop),
        #[cfg(feature = "glib")]
        ("glib", glib),
        #[cfg(feature = "qt")]
        ("qt", qt),
        #[cfg(feature = "winit")]
        ("winit", winit),
    ];
    let chosen: Vec<_> = env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
    for (name, measure) in loops {
        if chosen.is_empty() || chosen.iter().any(|chosen| chosen == name) {
            measure(name)?;
        }
    }
    Ok(())
}

fn by_hand(name: &str) -> Result {
    let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
    let (sender, messages) = channel();
    let waker = sender.clone();
    let jobs = scheduler.attach(move || waker.send(true).unwrap_or_default())?;
    let run = || {
        while messages.recv().is_ok_and(|run| run) {
            jobs.run_ready(LoopBudget::default());
        }
    };
    measure(name, &jobs, move || sender.send(false).unwrap_or_default(), run)
}

fn local_set(name: &str) -> Result {
    let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
    let (jobs, future) = scheduler.attach_future()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (quit, is_over) = notify();
    let run = || {
        tokio::task::LocalSet::new().block_on(&runtime, async {
            tokio::task::spawn_local(future);
            is_over.notified().await;
        });
    };
    measure(name, &jobs, quit, run)
}

fn smol(name: &str) -> Result {
    let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
    let (jobs, future) = scheduler.attach_future()?;
    let executor = async_executor::LocalExecutor::new();
    executor.spawn(future).detach();
    let (quit, is_over) = notify();
    measure(name, &jobs, quit, || pollster::block_on(executor.run(is_over.notified())))
}

#[cfg(all(unix, feature = "descriptor"))]
fn descriptor(name: &str) -> Result {
    use rustix::event::{PollFd, PollFlags, poll};

    let scheduler = punctual_loops::ReactorScheduler::builder().timezone("UTC").build()?;
    let jobs = scheduler.attach()?;
    let is_over = Rc::new(std::cell::Cell::new(false));
    let quit = Rc::clone(&is_over);
    let run = || {
        while !is_over.get() && poll(&mut [PollFd::new(&jobs, PollFlags::IN)], None).is_ok() {
            jobs.run_ready(LoopBudget::default());
        }
    };
    measure(name, &jobs, move || quit.set(true), run)
}

#[cfg(all(unix, feature = "calloop"))]
fn calloop(name: &str) -> Result {
    let mut event_loop = calloop::EventLoop::<()>::try_new()?;
    let scheduler = punctual_loops::CalloopScheduler::builder().timezone("UTC").build()?;
    let jobs = scheduler.attach(&event_loop.handle())?;
    let signal = event_loop.get_signal();
    measure(
        name,
        &jobs,
        move || signal.stop(),
        || {
            // A failure leaves runs that have not been executed, which is reported.
            let _ = event_loop.run(None, &mut (), |()| {});
        },
    )
}

#[cfg(feature = "glib")]
fn glib(name: &str) -> Result {
    let context = glib::MainContext::new();
    let main_loop = glib::MainLoop::new(Some(&context), false);
    let scheduler = punctual_loops::GlibScheduler::builder().timezone("UTC").build()?;
    let jobs = scheduler.attach(&context)?;
    let quit = main_loop.clone();
    measure(name, &jobs, move || quit.quit(), || main_loop.run())
}

#[cfg(feature = "qt")]
fn qt(name: &str) -> Result {
    let event_loop = Rc::new(punctual_qt_sys::EventLoop::new());
    let scheduler = punctual_loops::QtScheduler::builder().timezone("UTC").build()?;
    let jobs = scheduler.attach()?;
    let quit = Rc::clone(&event_loop);
    measure(name, &jobs, move || quit.quit(), || event_loop.exec())
}

#[cfg(feature = "winit")]
fn winit(name: &str) -> Result {
    use winit::application::ApplicationHandler;
    use winit::event::WindowEvent;
    use winit::event_loop::{ActiveEventLoop, EventLoop};
    use winit::window::WindowId;

    enum UserEvent {
        RunJobs,
        Quit,
    }

    struct App<'j>(&'j AttachedLoop);

    impl ApplicationHandler<UserEvent> for App<'_> {
        fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
            match event {
                UserEvent::RunJobs => {}
                UserEvent::Quit => event_loop.exit(),
            }
        }

        fn about_to_wait(&mut self, _: &ActiveEventLoop) {
            self.0.run_ready(LoopBudget::default());
        }

        fn resumed(&mut self, _: &ActiveEventLoop) {}

        fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
    }

    let event_loop = EventLoop::with_user_event().build()?;
    let scheduler = punctual_loops::WinitScheduler::builder().timezone("UTC").build()?;
    let jobs = scheduler.attach(event_loop.create_proxy(), || UserEvent::RunJobs)?;
    let proxy = event_loop.create_proxy();
    let quit = move || {
        // Fails only if the loop has ended.
        let _ = proxy.send_event(UserEvent::Quit);
    };
    measure(name, &jobs, quit, || {
        // A failure leaves runs that have not been executed, which is reported.
        let _ = event_loop.run_app(&mut App(&jobs));
    })
}

/// Ends a future, and waits for that.
fn notify() -> (impl Fn() + 'static, Rc<Notify>) {
    let notify = Rc::new(Notify::new());
    let quit = Rc::clone(&notify);
    (move || quit.notify_one(), notify)
}

/// Adds the jobs, runs the loop, which the last job ends, and prints the figures.
fn measure(
    name: &str,
    jobs: &AttachedLoop,
    quit: impl Fn() + 'static,
    run: impl FnOnce(),
) -> Result {
    let scheduler = jobs.scheduler();
    let lateness = Rc::new(RefCell::new(Vec::new()));
    let mut at = now().saturating_add(SETTLED);
    for _ in 0..RUNS {
        let own = Rc::clone(&lateness);
        let task = jobs.local_task(move |context| {
            own.borrow_mut().push(now().saturating_since(context.scheduled_time()));
        });
        scheduler.job(task).trigger(DateTrigger::at(at)).add()?;
        at = at.saturating_add(DISTANCE);
    }
    let processor_time = Rc::new(RefCell::new((None, Duration::ZERO)));
    let own = Rc::clone(&processor_time);
    let begin = jobs.local_task(move |_| own.borrow_mut().0 = Some(ProcessTime::now()));
    at = at.saturating_add(SETTLED);
    scheduler.job(begin).trigger(DateTrigger::at(at)).add()?;
    let own = Rc::clone(&processor_time);
    let end = jobs.local_task(move |_| {
        let (begin, elapsed) = &mut *own.borrow_mut();
        *elapsed = begin.map(|begin| begin.elapsed()).unwrap_or_default();
        quit();
    });
    scheduler.job(end).trigger(DateTrigger::at(at.saturating_add(IDLE))).add()?;
    run();
    jobs.shutdown()?;

    let mut lateness = lateness.take();
    lateness.sort();
    let percentile = |percent: usize| lateness[(lateness.len() - 1) * percent / 100];
    writeln!(
        stdout(),
        "{name}: lateness of {} runs: p50 {:?}, p99 {:?}, max {:?}; {IDLE:?} without runs: {:?} of processor time",
        lateness.len(),
        percentile(50),
        percentile(99),
        percentile(100),
        processor_time.borrow().1
    )?;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures the lateness of runs")]
fn now() -> Timestamp {
    Timestamp::now()
}
