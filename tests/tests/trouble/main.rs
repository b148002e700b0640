//! Databases that are full, or may only be read, and jobs at the limits of what may be: clear errors, and
//! nothing is lost.

mod extremes;
mod full_disk;
mod home;
mod names;
mod read_only;
mod replaced;
mod state;

/// Makes a test of each of these databases, which calls a function with its [`Kind`](home::Kind) and the
/// test's own name.
macro_rules! tests {
    ($function:ident: $($name:ident $kind:ident),*) => {$(
        #[test]
        fn $name() {
            $function(crate::home::Kind::$kind, &crate::test_name(module_path!(), stringify!($name)));
        }
    )*};
}

pub(crate) use tests;

/// What the test of this name is called on the command line: with its module, without the crate.
fn test_name(module: &str, name: &str) -> String {
    let module = module.split_once("::").map_or("", |(_, module)| module);
    format!("{module}::{name}")
}
