//! The store on servers of its own: logins, encryption, replica sets whose members fail, search plans. Requires the program
//! in `PUNCTUAL_MONGOD`, which `scripts/services start mongodb` prints.

mod access;
#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/jobs.rs"]
mod jobs;
mod plans;
mod process;
mod replica_sets;
mod tls;

use punctual_core::{StoreError, StoreErrorKind, error_chain};

/// Checks the kind and the text of an error, which must not contain the password.
#[track_caller]
fn check_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    let shown = format!("{} {error:?}", error_chain(error));
    assert_eq!(error.kind(), kind, "{shown}");
    assert!(shown.contains(text), "{shown}");
    punctual_testkit::assert_error_text(error, "hunter2");
}
