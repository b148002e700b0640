//! Invalid uses of `#[task]` and the expected compiler errors. `TRYBUILD=overwrite` updates the expected errors.

#[test]
fn wrong_tasks_and_wrong_calls_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
