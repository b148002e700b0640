//! Runs the jobs of the Punctual job scheduler on tokio.
