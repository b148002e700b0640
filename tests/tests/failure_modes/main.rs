//! Full file systems, extreme values and replaced files: errors name their cause, and no data are lost.

mod extremes;
mod full_disk;
mod replaced;
mod state;

/// Instantiates each test case for each database.
macro_rules! for_every_store {
    ($($store:ident)*) => {$(
        mod $store {
            use punctual_tests::backend;

            #[test]
            fn extreme_jobs_are_stored_and_run() {
                crate::extremes::stored_and_run(backend(stringify!($store)));
            }
        }
    )*};
}

/// Instantiates a test case for each database whose disk a test can fill.
macro_rules! for_every_disk {
    ($($store:ident)*) => {
        mod nothing_is_lost_on_a_full_disk {
            use punctual_tests::backend;

            $(#[test]
            fn $store() {
                let test = concat!("nothing_is_lost_on_a_full_disk::", stringify!($store));
                crate::full_disk::nothing_is_lost(backend(stringify!($store)), test);
            })*
        }
    };
}

punctual_backends::for_each_backend!(persistent => for_every_store);
punctual_backends::for_each_backend!(started => for_every_disk);
