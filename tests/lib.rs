//! End-to-end tests of Punctual through its facade; see the files in `tests/tests`.
