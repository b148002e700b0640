//! A closure that Qt's event loop calls.
#![expect(unsafe_code, reason = "calls C++ functions and is called by them")]

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::fmt;
use std::marker::{PhantomData, PhantomPinned};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use parking_lot::Mutex;

/// The object of C++.
#[repr(C)]
struct Object {
    _data: [u8; 0],
    // Neither `Send`, `Sync` nor `Unpin`.
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

type Function = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn punctual_qt_receiver_new(
        data: *mut c_void,
        call: Function,
        release: Function,
    ) -> NonNull<Object>;
    fn punctual_qt_receiver_call(receiver: NonNull<Object>);
    fn punctual_qt_receiver_delete(receiver: NonNull<Object>, later: bool);
}

/// A closure that the event loop of this thread calls after each [`Waker::wake`]. It can't be sent to another thread.
///
/// ```
/// use punctual_qt_sys::{EventLoop, Receiver};
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::thread;
///
/// // In a program: `QApplication::exec`.
/// let event_loop = EventLoop::new();
/// let calls = Rc::new(Cell::new(0));
/// let own = Rc::clone(&calls);
/// let receiver = Receiver::new(move || own.set(own.get() + 1));
/// let waker = receiver.waker();
/// thread::spawn(move || waker.wake()).join().unwrap();
/// event_loop.process_events();
/// assert_eq!(calls.get(), 1);
///
/// let waker = receiver.waker();
/// waker.wake();
/// drop(receiver);
/// waker.wake();
/// event_loop.process_events();
/// assert_eq!(calls.get(), 1);
/// ```
pub struct Receiver {
    target: Arc<Mutex<Target>>,
    callback: Rc<Callback>,
}

/// Makes the event loop call the closure of a [`Receiver`], from any thread. Without effect once that has been dropped.
#[derive(Clone)]
pub struct Waker {
    target: Arc<Mutex<Target>>,
}

/// The object, until the receiver is dropped.
struct Target(Option<NonNull<Object>>);

// SAFETY: The pointer is used by `punctual_qt_receiver_call`, which can be called from any thread, and taken only by
// `Receiver`, which stays on the thread of the object.
unsafe impl Send for Target {}

/// What the object calls. It is referred to by the object and by the receiver.
struct Callback {
    function: RefCell<Option<Rc<dyn Fn()>>>,
    /// The number of calls that are in progress: a closure may run the event loop.
    calls: Cell<usize>,
}

impl Receiver {
    /// Creates a receiver on the current thread. If the closure panics, the process is aborted, because a panic can't
    /// unwind into Qt.
    #[must_use]
    pub fn new(function: impl Fn() + 'static) -> Self {
        let function = RefCell::new(Some(Rc::new(function) as Rc<dyn Fn()>));
        let callback = Rc::new(Callback { function, calls: Cell::new(0) });
        let data = Rc::into_raw(Rc::clone(&callback)).cast_mut().cast();
        // SAFETY: `data` is a counted reference, which `release` returns; the object calls both functions on this
        // thread only: Qt calls the methods of an object on its thread, and this type deletes it there.
        let object = unsafe { punctual_qt_receiver_new(data, call, release) };
        Self { target: Arc::new(Mutex::new(Target(Some(object)))), callback }
    }

    /// Returns a waker, which can be sent to other threads.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker { target: Arc::clone(&self.target) }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let function = self.callback.function.take();
        let object = self.target.lock().0.take();
        if let Some(object) = object {
            // SAFETY: The object exists, since only this takes it, and no waker uses it: that holds the lock. It is
            // deleted on its thread, which the receiver can't leave, and later if it is calling the closure now.
            unsafe { punctual_qt_receiver_delete(object, self.callback.calls.get() > 0) };
        }
        drop(function);
    }
}

impl Waker {
    /// Makes the event loop call the closure soon. It queues the call and does not wait.
    pub fn wake(&self) {
        let target = self.target.lock();
        if let Some(object) = target.0 {
            // SAFETY: The receiver can't delete the object meanwhile, because it takes it with the lock first. The
            // function can be called from any thread, and calls no Rust code.
            unsafe { punctual_qt_receiver_call(object) };
        }
    }
}

/// # Safety
///
/// `data` is that of an object that exists, and this is the thread of the object.
unsafe extern "C" fn call(data: *mut c_void) {
    let data = data.cast::<Callback>().cast_const();
    // SAFETY: The object has a counted reference, of which this creates another one: the object may be deleted by the
    // event loop if the closure runs it.
    let callback = unsafe {
        Rc::increment_strong_count(data);
        Rc::from_raw(data)
    };
    let function = callback.function.borrow().clone();
    if let Some(function) = function {
        callback.calls.set(callback.calls.get() + 1);
        function();
        callback.calls.set(callback.calls.get() - 1);
    }
}

/// # Safety
///
/// As [`call`]; it is called once, at the end of the object.
unsafe extern "C" fn release(data: *mut c_void) {
    // SAFETY: It is the reference that `Receiver::new` gave to the object.
    drop(unsafe { Rc::from_raw(data.cast::<Callback>().cast_const()) });
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("calls", &self.callback.calls.get())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}
