//! The event loop of winit, on X11.

use std::sync::LazyLock;
use std::sync::mpsc::Sender;
use std::thread;

use ::winit::application::ApplicationHandler;
use ::winit::event::WindowEvent;
use ::winit::event_loop::{ActiveEventLoop, EventLoop, EventLoopProxy};
use ::winit::platform::x11::EventLoopBuilderExtX11;
use ::winit::window::WindowId;
use punctual_executor_loop::LoopRunner;

use super::*;

/// The loop of this process, which can't have another one: all executors of a case are attached to it.
static EVENT_LOOP: LazyLock<EventLoopProxy<UserEvent>> = LazyLock::new(|| {
    let (sender, proxy) = channel();
    thread::spawn(move || {
        let mut builder = EventLoop::with_user_event();
        let event_loop = builder.with_any_thread(true).build().unwrap();
        sender.send(event_loop.create_proxy()).unwrap();
        event_loop.run_app(&mut App::default()).unwrap();
    });
    proxy.recv().unwrap()
});

enum UserEvent {
    RunJobs,
    Open(Box<dyn FnOnce() -> Attached + Send>),
}

#[derive(Default)]
struct App {
    attached: Vec<Attached>,
}

/// An executor that is attached to the loop, until it is told to quit.
struct Attached {
    jobs: LoopRunner,
    quit: Arc<AtomicBool>,
    /// Disconnected at the end. After the runner, in the order in which fields are dropped.
    _quits: Sender<()>,
}

impl ApplicationHandler<UserEvent> for App {
    fn user_event(&mut self, _: &ActiveEventLoop, event: UserEvent) {
        match event {
            UserEvent::RunJobs => {}
            UserEvent::Open(attach) => self.attached.push(attach()),
        }
    }

    fn about_to_wait(&mut self, _: &ActiveEventLoop) {
        self.attached.retain(|attached| !attached.quit.load(Ordering::Acquire));
        for attached in &self.attached {
            attached.jobs.run_ready(LoopBudget::default());
        }
    }

    fn resumed(&mut self, _: &ActiveEventLoop) {}

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
}

struct Winit;

impl LoopFixture for Winit {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        let executor = executor(options);
        let weak = Arc::downgrade(&executor);
        let quit = Arc::new(AtomicBool::new(false));
        let quit_of_loop = Arc::clone(&quit);
        LoopThread::start(
            executor,
            move |attached| {
                let (quits, end) = channel();
                let open = move || {
                    let executor = weak.upgrade().unwrap();
                    let wake = || UserEvent::RunJobs;
                    let jobs = executor.attach_winit(EVENT_LOOP.clone(), wake).unwrap();
                    attached();
                    Attached { jobs, quit: quit_of_loop, _quits: quits }
                };
                assert!(EVENT_LOOP.send_event(UserEvent::Open(Box::new(open))).is_ok());
                // Nothing is sent: waits until the other end is dropped.
                end.recv().unwrap_err();
            },
            move || {
                quit.store(true, Ordering::Release);
                assert!(EVENT_LOOP.send_event(UserEvent::RunJobs).is_ok());
            },
        )
    }

    fn run_test(path: &str, test: impl FnOnce()) {
        punctual_testkit::on_display(path, test);
    }
}

punctual_testkit::loop_suite!(winit, Winit);
