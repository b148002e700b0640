//! Every case that is written is on the list of the suite.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_case_is_on_the_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/job_store");
    let mut written = BTreeSet::new();
    for file in fs::read_dir(source.join("cases")).unwrap() {
        let path = file.unwrap().path();
        let group = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let cases = text.lines().filter_map(|line| line.strip_prefix("pub async fn "));
        written.extend(cases.map(|case| format!("{group} {}", case.split('<').next().unwrap())));
    }
    let mut listed = BTreeSet::new();
    let mut group = String::new();
    for line in fs::read_to_string(source.join("suite.rs")).unwrap().lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [name, "for", _, "["] => group = name.into(),
            [case] if !group.is_empty() && case != "]" => {
                listed.insert(format!("{group} {case}"));
            }
            ["]"] => group.clear(),
            _ => {}
        }
    }
    assert!(written.len() > 80, "{}", written.len());
    assert_eq!(written, listed);
}
