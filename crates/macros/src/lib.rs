//! The #[task] attribute of the Punctual job scheduler.
