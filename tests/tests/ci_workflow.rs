//! The workflow of the public CI, `.github/workflows/ci.yml`, contains each step of `scripts/test` and each store.

use punctual_backends::Backend;

const WORKFLOW: &str = include_str!("../../.github/workflows/ci.yml");
const SCRIPT: &str = include_str!("../../scripts/test");

/// The values of a variable of a matrix.
fn rows(variable: &str) -> Vec<&'static str> {
    let title = format!("        {variable}:\n");
    let (_, list) = WORKFLOW.split_once(&title).expect("a matrix with this variable");
    list.lines().map_while(|line| line.strip_prefix("          - ")).collect()
}

#[test]
fn each_store_has_a_row() {
    let stores: Vec<_> = Backend::all().iter().map(Backend::id).collect();
    assert_eq!(rows("store"), stores);
}

#[test]
fn each_step_has_a_row() {
    let (_, list) = SCRIPT.split_once("\nreadonly steps=(").expect("the list of steps");
    let (list, _) = list.split_once(')').expect("the end of the list");
    // Every row runs `tools`, which installs what the other steps need.
    let steps: Vec<_> = list.split_whitespace().filter(|step| *step != "tools").collect();
    assert_eq!(rows("step"), steps);
    assert!(WORKFLOW.contains("scripts/test tools ${{ matrix.step }}"));
}
