//! Every case is in the list of its suite, since other cases would not run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn source(suite: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(suite)
}

/// The cases in the files below `cases` with their groups: functions that begin with `function`.
fn defined(suite: &str, function: &str) -> BTreeSet<String> {
    let mut defined = BTreeSet::new();
    for file in fs::read_dir(source(suite).join("cases")).unwrap() {
        let path = file.unwrap().path();
        let group = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let cases = text.lines().filter_map(|line| line.strip_prefix(function));
        defined.extend(cases.map(|case| format!("{group} {}", case.split('<').next().unwrap())));
    }
    defined
}

/// The cases that the suite's macro lists, with their groups.
fn listed(suite: &str) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    let mut group = String::new();
    for line in fs::read_to_string(source(suite).join("suite.rs")).unwrap().lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [name, "for", _, "["] => group = name.into(),
            [case] if !group.is_empty() && case != "]" => {
                listed.insert(format!("{group} {case}"));
            }
            ["]"] => group.clear(),
            _ => {}
        }
    }
    listed
}

#[test]
fn every_case_of_the_executor_suite_is_listed() {
    let defined = defined("executor", "pub fn ");
    assert!(defined.len() > 30, "{}", defined.len());
    assert_eq!(defined, listed("executor"));
}

#[test]
fn every_case_of_the_loop_suite_is_listed() {
    let defined = defined("event_loop", "pub fn ");
    assert!(defined.len() > 8, "{}", defined.len());
    assert_eq!(defined, listed("event_loop"));
}

#[test]
fn every_case_of_the_job_store_suite_is_listed() {
    let defined = defined("job_store", "pub async fn ");
    assert!(defined.len() > 130, "{}", defined.len());
    assert_eq!(defined, listed("job_store"));
}

/// The cases and groups to which the documentation of the contract refers, in parentheses and backticks.
fn documented() -> BTreeSet<String> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/store");
    let mut documented = BTreeSet::new();
    for file in ["mod.rs", "history.rs", "transaction.rs", "batch.rs", "record.rs", "caps.rs"] {
        let text = fs::read_to_string(core.join(file)).unwrap();
        let docs = text.lines().filter_map(|line| line.trim_start().strip_prefix("///"));
        let docs = docs.collect::<String>();
        let named = docs.split("(`").skip(1).filter_map(|rest| rest.split_once("`)"));
        documented.extend(named.map(|(name, _)| name.replace("::", " ")));
    }
    documented
}

#[test]
fn every_documented_case_exists() {
    let listed = listed("job_store");
    let documented = documented();
    assert!(documented.len() > 20, "{documented:?}");
    for name in documented {
        let is_group = |case: &String| case.split(' ').next() == Some(&*name);
        assert!(
            listed.contains(&name) || listed.iter().any(is_group),
            "case {name} does not exist"
        );
    }
}
