//! Databases that are full, or may only be read, and jobs at the limits of what may be: clear errors, and
//! nothing is lost.

mod extremes;
mod full_disk;
mod home;
mod state;

/// Makes a test of each database of `$test(kind, name)`.
macro_rules! for_each_store {
    ($test:ident) => {
        #[test]
        fn sqlite() {
            $test(crate::home::Kind::Sqlite, &crate::test_name(module_path!(), "sqlite"));
        }
    };
}

pub(crate) use for_each_store;

/// What the test of this name is called on the command line: with its module, without the crate.
fn test_name(module: &str, name: &str) -> String {
    let module = module.split_once("::").map_or("", |(_, module)| module);
    format!("{module}::{name}")
}
