//! The in-memory job store of the Punctual job scheduler.
