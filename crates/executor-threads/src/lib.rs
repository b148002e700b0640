//! Runs the jobs of the Punctual job scheduler on a rayon thread pool.
