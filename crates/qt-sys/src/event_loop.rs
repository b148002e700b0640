//! The event loop of a thread, for tests.
#![expect(unsafe_code, reason = "calls C++ functions")]

use std::fmt;
use std::marker::{PhantomData, PhantomPinned};
use std::ptr::NonNull;
use std::sync::Once;
use std::sync::mpsc::channel;
use std::thread;

/// The object of C++.
#[repr(C)]
struct Object {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

unsafe extern "C" {
    fn punctual_qt_application_new();
    fn punctual_qt_event_loop_new() -> NonNull<Object>;
    fn punctual_qt_event_loop_delete(event_loop: NonNull<Object>);
    fn punctual_qt_event_loop_exec(event_loop: NonNull<Object>);
    fn punctual_qt_event_loop_quit(event_loop: NonNull<Object>);
    fn punctual_qt_event_loop_process_events(event_loop: NonNull<Object>);
}

/// Qt's event loop on the current thread, for tests and examples without windows. A program with windows has that of its
/// `QApplication`, which must not be combined with this type.
///
/// ```
/// use punctual_qt_sys::{EventLoop, Receiver};
/// use std::rc::Rc;
///
/// let event_loop = Rc::new(EventLoop::new());
/// let quit = Rc::clone(&event_loop);
/// let receiver = Receiver::new(move || quit.quit());
/// receiver.waker().wake();
/// event_loop.exec();
/// ```
pub struct EventLoop {
    object: NonNull<Object>,
}

impl EventLoop {
    /// Creates an event loop, and before the first one an application without windows.
    #[must_use]
    pub fn new() -> Self {
        create_application();
        // SAFETY: It is an ordinary function, and the application exists, which it requires.
        Self { object: unsafe { punctual_qt_event_loop_new() } }
    }

    /// Runs the loop until [`quit`](Self::quit) is called.
    pub fn exec(&self) {
        // SAFETY: The object exists until `drop`, and this is its thread, since the type is not `Send`.
        unsafe { punctual_qt_event_loop_exec(self.object) }
    }

    /// Handles the events that are waiting, and returns.
    pub fn process_events(&self) {
        // SAFETY: As for `exec`.
        unsafe { punctual_qt_event_loop_process_events(self.object) }
    }

    /// Makes [`exec`](Self::exec) return.
    pub fn quit(&self) {
        // SAFETY: As for `exec`.
        unsafe { punctual_qt_event_loop_quit(self.object) }
    }
}

/// Creates the application, once in a process, on a thread that never ends: for Qt, it is the main thread.
fn create_application() {
    static CREATED: Once = Once::new();
    CREATED.call_once(|| {
        let (sender, created) = channel();
        thread::spawn(move || {
            // SAFETY: It is an ordinary function, which is called once.
            unsafe { punctual_qt_application_new() };
            // The receiver is waiting below.
            let _ = sender.send(());
            loop {
                thread::park();
            }
        });
        // Fails only if no thread can be created, which has panicked already.
        let _ = created.recv();
    });
}

impl Default for EventLoop {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        // SAFETY: As for `exec`; a call of `exec` borrows the loop, so that none is in progress.
        unsafe { punctual_qt_event_loop_delete(self.object) }
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop").finish_non_exhaustive()
    }
}
