//! The window, which is written in C++.
#![expect(unsafe_code, reason = "calls C++ functions")]

use std::ffi::{c_char, c_int, c_longlong};
use std::marker::{PhantomData, PhantomPinned};
use std::ptr::NonNull;
use std::time::Duration;

/// The object of C++.
#[repr(C)]
struct Object {
    _data: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

unsafe extern "C" {
    fn window_new() -> NonNull<Object>;
    fn window_delete(window: NonNull<Object>);
    fn window_set_cell(
        window: NonNull<Object>,
        row: c_int,
        column: c_int,
        text: *const c_char,
        length: c_int,
    );
    fn window_exec(window: NonNull<Object>, milliseconds: c_int);
    fn window_ticks(window: NonNull<Object>) -> c_int;
    fn window_worst_ns(window: NonNull<Object>) -> c_longlong;
}

/// A window with a table, which belongs to the main thread. A program creates one.
#[derive(Debug)]
pub(crate) struct Window(NonNull<Object>);

impl Window {
    pub(crate) fn new() -> Self {
        // SAFETY: An ordinary function, which is called once, on the main thread.
        Self(unsafe { window_new() })
    }

    pub(crate) fn set_cell(&self, row: c_int, column: c_int, text: &str) {
        let length = c_int::try_from(text.len()).expect("a short text");
        // SAFETY: The window exists until `drop`, and this is its thread, since the type is not `Send`. The function
        // copies the text.
        unsafe { window_set_cell(self.0, row, column, text.as_ptr().cast(), length) }
    }

    /// Shows the window until it is closed, or for this time.
    pub(crate) fn exec(&self, limit: Option<Duration>) {
        let limit =
            limit.map_or(-1, |limit| c_int::try_from(limit.as_millis()).unwrap_or(c_int::MAX));
        // SAFETY: As above.
        unsafe { window_exec(self.0, limit) }
    }

    /// Returns the number of ticks, one each 16 ms, and how late the worst one was.
    pub(crate) fn ticks(&self) -> (c_int, Duration) {
        // SAFETY: As above.
        let (ticks, worst) = unsafe { (window_ticks(self.0), window_worst_ns(self.0)) };
        (ticks, Duration::from_nanos(worst.try_into().unwrap_or_default()))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: As above; nothing uses it afterwards.
        unsafe { window_delete(self.0) }
    }
}
