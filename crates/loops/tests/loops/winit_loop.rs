//! The event loop of winit, on X11.

use std::cell::OnceCell;

use punctual_loops::WinitScheduler;
use punctual_testkit::on_display;
use winit::application::ApplicationHandler;
use winit::event::WindowEvent;
use winit::event_loop::{ActiveEventLoop, EventLoop};
use winit::platform::x11::EventLoopBuilderExtX11;
use winit::window::{Window, WindowId};

use super::*;

enum UserEvent {
    RunJobs,
    Quit,
}

struct App {
    jobs: AttachedLoop,
    window: Rc<OnceCell<Window>>,
    log: Log,
}

type Log = Rc<RefCell<Vec<&'static str>>>;

impl ApplicationHandler<UserEvent> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        let attributes = Window::default_attributes().with_visible(false);
        self.window.set(event_loop.create_window(attributes).unwrap()).unwrap();
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        match event {
            UserEvent::RunJobs => {}
            UserEvent::Quit => event_loop.exit(),
        }
    }

    fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        if matches!(event, WindowEvent::RedrawRequested) {
            self.log.borrow_mut().push("redraw");
        }
    }

    fn about_to_wait(&mut self, _: &ActiveEventLoop) {
        self.jobs.run_ready(LoopBudget::UNLIMITED.runs(1));
    }
}

fn event_loop() -> EventLoop<UserEvent> {
    EventLoop::with_user_event().with_any_thread(true).build().unwrap()
}

fn attach(scheduler: &WinitScheduler, event_loop: &EventLoop<UserEvent>) -> App {
    let wake = || UserEvent::RunJobs;
    let jobs = scheduler.attach(event_loop.create_proxy(), wake).unwrap();
    App { jobs, window: Rc::default(), log: Rc::default() }
}

#[test]
fn a_winit_loop() {
    on_display(concat!(module_path!(), "::a_winit_loop"), || {
        let event_loop = event_loop();
        let scheduler = WinitScheduler::builder()
            .timezone("UTC")
            .executor("threads", ThreadPoolExecutor::new(1))
            .build()
            .unwrap();
        let mut app = attach(&scheduler, &event_loop);
        let results = record(&app.jobs);
        let proxy = event_loop.create_proxy();
        let quit = proxy.clone();
        add_jobs(&app.jobs, move || assert!(quit.send_event(UserEvent::Quit).is_ok()));
        event_loop.run_app(&mut app).unwrap();
        app.jobs.shutdown().unwrap();
        assert_results(&results);
        // It can be attached again, also to a loop that has ended.
        drop(app);
        let jobs = scheduler.attach(proxy, || UserEvent::RunJobs).unwrap();
        let run = scheduler.job(|| 42).paused().add().unwrap().run_now().unwrap();
        jobs.shutdown().unwrap();
        assert_eq!(run.wait().value(), Some(&42.into()));
    });
}

/// Each of them requests a redraw, which precedes the next one.
#[test]
fn redraws_precede_jobs_that_are_ready() {
    on_display(concat!(module_path!(), "::redraws_precede_jobs_that_are_ready"), || {
        let event_loop = event_loop();
        let scheduler = WinitScheduler::builder().timezone("UTC").build().unwrap();
        let mut app = attach(&scheduler, &event_loop);
        for number in 1..=3 {
            let (window, log) = (Rc::clone(&app.window), Rc::clone(&app.log));
            let quit = event_loop.create_proxy();
            app.jobs.spawn(async move {
                log.borrow_mut().push("job");
                window.get().unwrap().request_redraw();
                if number == 3 {
                    assert!(quit.send_event(UserEvent::Quit).is_ok());
                }
            });
        }
        event_loop.run_app(&mut app).unwrap();
        app.jobs.shutdown().unwrap();
        assert_eq!(*app.log.borrow(), ["job", "redraw"].repeat(3));
    });
}
