//! The scheduling engine of Punctual: a pure plan, one tick, and thin blocking, background and async drivers.
