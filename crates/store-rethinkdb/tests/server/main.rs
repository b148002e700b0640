//! The store on the server of `PUNCTUAL_TEST_RETHINKDB_URL`, beyond the conformance suite. Its user is `admin`.

mod rethinkdb;
#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/session.rs"]
mod session;
