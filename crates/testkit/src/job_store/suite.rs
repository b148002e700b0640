//! The list of cases.

/// Makes a `#[test]` of each case of the job-store contract: `job_store_suite!(name, Fixture)`.
///
/// `name` becomes a module, `Fixture` is a [`StoreFixture`](crate::job_store::StoreFixture); see
/// [`job_store`](crate::job_store) for an example.
#[macro_export]
macro_rules! job_store_suite {
    ($name:ident, $fixture:ty) => {
        mod $name {
            use super::*;
            $crate::job_store_suite! { @cases $fixture;
                starting for nothing [
                    starting_twice_is_harmless
                    shutting_down_twice_is_harmless
                    it_starts_again_with_its_jobs
                    a_new_store_has_nothing
                ]
            }
        }
    };
    (@cases $fixture:ty; $($group:ident for $need:ident [$($case:ident)*])*) => {$(
        mod $group {
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::job_store::run::<$fixture>(
                        concat!(stringify!($group), "_", stringify!($case)),
                        $crate::job_store::need::$need,
                        $crate::job_store::cases::$group::$case::<$fixture>,
                    );
                }
            )*
        }
    )*};
}
