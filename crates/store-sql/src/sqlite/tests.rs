//! What is SQLite's own; the contract itself is checked by `tests/conformance.rs`.
