//! Every case that is written is on the list of its suite: one that is not would never run.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn source(suite: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(suite)
}

/// The cases in the files below `cases`, each with its group: functions that begin with `function`.
fn written(suite: &str, function: &str) -> BTreeSet<String> {
    let mut written = BTreeSet::new();
    for file in fs::read_dir(source(suite).join("cases")).unwrap() {
        let path = file.unwrap().path();
        let group = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let cases = text.lines().filter_map(|line| line.strip_prefix(function));
        written.extend(cases.map(|case| format!("{group} {}", case.split('<').next().unwrap())));
    }
    written
}

/// The cases that the suite's macro names, each with its group.
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
fn every_case_of_the_executor_suite() {
    let written = written("executor", "pub fn ");
    assert!(written.len() > 30, "{}", written.len());
    assert_eq!(written, listed("executor"));
}

#[test]
fn every_case_of_the_job_store_suite() {
    let written = written("job_store", "pub async fn ");
    assert!(written.len() > 130, "{}", written.len());
    assert_eq!(written, listed("job_store"));
}

/// The cases and groups that the documentation of the contract names, in parentheses and backticks.
fn promised() -> BTreeSet<String> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src/store");
    let mut promised = BTreeSet::new();
    for file in ["mod.rs", "history.rs", "transaction.rs", "batch.rs", "record.rs", "caps.rs"] {
        let text = fs::read_to_string(core.join(file)).unwrap();
        let docs = text.lines().filter_map(|line| line.trim_start().strip_prefix("///"));
        let docs = docs.collect::<String>();
        let named = docs.split("(`").skip(1).filter_map(|rest| rest.split_once("`)"));
        promised.extend(named.map(|(name, _)| name.replace("::", " ")));
    }
    promised
}

#[test]
fn every_case_that_the_contract_names() {
    let listed = listed("job_store");
    let promised = promised();
    assert!(promised.len() > 20, "{promised:?}");
    for name in promised {
        let is_group = |case: &String| case.split(' ').next() == Some(&*name);
        assert!(listed.contains(&name) || listed.iter().any(is_group), "there is no case {name}");
    }
}
