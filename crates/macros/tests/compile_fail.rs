//! What must not compile, and what the compiler says. `TRYBUILD=overwrite` renews the expected texts.

#[test]
fn wrong_tasks_and_wrong_calls_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
