//! Jobs in the event loop of winit, which change the title of its window.
//!
//! `cargo run --features loop-winit --example loop_winit`; it needs a display, such as that of `xvfb-run`.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use punctual::prelude::*;
use punctual::winit::application::ApplicationHandler;
use punctual::winit::event::WindowEvent;
use punctual::winit::event_loop::{ActiveEventLoop, EventLoop};
use punctual::winit::window::{Window, WindowId};
use punctual::{AttachedLoop, WinitScheduler};

enum UserEvent {
    RunJobs,
    Quit,
}

struct App {
    jobs: AttachedLoop,
    window: Rc<OnceCell<Window>>,
}

impl ApplicationHandler<UserEvent> for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        self.window.get_or_init(|| {
            event_loop.create_window(Window::default_attributes()).expect("a window")
        });
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        if matches!(event, WindowEvent::CloseRequested) {
            event_loop.exit();
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
        match event {
            UserEvent::RunJobs => {} // has woken the loop
            UserEvent::Quit => event_loop.exit(),
        }
    }

    // After all input and redraws.
    fn about_to_wait(&mut self, _: &ActiveEventLoop) {
        self.jobs.run_ready(LoopBudget::default());
    }
}

fn main() -> anyhow::Result<()> {
    let event_loop = EventLoop::with_user_event().build()?;
    let scheduler = WinitScheduler::builder().build()?;
    let jobs = scheduler.attach(event_loop.create_proxy(), || UserEvent::RunJobs)?;

    let window = Rc::new(OnceCell::<Window>::new());
    let (own, quit, runs) = (Rc::clone(&window), event_loop.create_proxy(), Cell::new(0));
    let tick = jobs.local_task(move |context| {
        runs.set(runs.get() + 1);
        println!("run {} for {}", runs.get(), context.scheduled_time());
        if let Some(window) = own.get() {
            window.set_title(&format!("{} runs", runs.get()));
        }
        if runs.get() == 3 {
            // Fails only if the loop has ended.
            let _ = quit.send_event(UserEvent::Quit);
        }
    });
    scheduler.job(tick).id("tick").trigger(IntervalTrigger::seconds(1)).add()?;
    let mut app = App { jobs, window };
    event_loop.run_app(&mut app)?;
    app.jobs.shutdown()?;
    Ok(())
}
