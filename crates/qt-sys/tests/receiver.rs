//! The calls of receivers, and their end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::thread;

use punctual_qt_sys::{EventLoop, Receiver};

/// Counts its calls.
fn counted(calls: &Rc<Cell<u32>>) -> impl Fn() + 'static {
    let calls = Rc::clone(calls);
    move || calls.set(calls.get() + 1)
}

#[test]
fn each_wake_up_is_a_call_on_the_thread_of_the_loop() {
    let event_loop = Rc::new(EventLoop::new());
    let (calls, quit, own) = (Cell::new(0), Rc::clone(&event_loop), thread::current().id());
    let receiver = Receiver::new(move || {
        assert_eq!(thread::current().id(), own);
        calls.set(calls.get() + 1);
        if calls.get() == 4_000 {
            quit.quit();
        }
    });
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let waker = receiver.waker();
            thread::spawn(move || (0..1_000).for_each(|_| waker.wake()))
        })
        .collect();
    event_loop.exec();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_receiver_may_be_dropped_by_its_closure() {
    let event_loop = EventLoop::new();
    let receiver = Rc::new(RefCell::new(None::<Receiver>));
    let (own, value) = (Rc::clone(&receiver), Rc::new(()));
    let in_closure = Rc::clone(&value);
    let created = Receiver::new(move || {
        own.take().unwrap();
        // The closure exists until it returns.
        assert_eq!(Rc::strong_count(&in_closure), 2);
    });
    let waker = created.waker();
    receiver.replace(Some(created));
    waker.wake();
    waker.wake();
    event_loop.process_events();
    assert_eq!(Rc::strong_count(&value), 1);
    waker.wake();
    event_loop.process_events();
}

#[test]
fn a_closure_may_run_the_loop() {
    let event_loop = Rc::new(EventLoop::new());
    let calls = Rc::new(Cell::new(0));
    let (count, nested) = (counted(&calls), Rc::clone(&event_loop));
    let receiver = Receiver::new(move || {
        count();
        nested.process_events();
    });
    let waker = receiver.waker();
    waker.wake();
    waker.wake();
    event_loop.process_events();
    assert_eq!(calls.get(), 2);
}

#[test]
fn wake_ups_after_the_end_have_no_effect() {
    let event_loop = EventLoop::new();
    let calls = Rc::new(Cell::new(0));
    let receiver = Receiver::new(counted(&calls));
    let waker = receiver.waker();
    waker.wake();
    drop(receiver);
    let other = thread::spawn(move || waker.wake());
    other.join().unwrap();
    event_loop.process_events();
    assert_eq!(calls.get(), 0);
    assert_eq!(Rc::strong_count(&calls), 1, "the closure has been dropped");
}
