//! Tests with a server.
