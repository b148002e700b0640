//! Checks that the patches used by `scripts/planted-faults` still match the code that they change.

use std::fs;
use std::path::Path;

#[test]
fn each_patch_matches_the_code() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.join("../..");
    let patches = fs::read_dir(package.join("faults")).expect("the faults");
    let mut count = 0;
    for patch in patches {
        let path = patch.expect("a fault").path();
        let patch = fs::read_to_string(&path).expect("a text");
        let (file, before) = target(&patch);
        let text = fs::read_to_string(root.join(&file)).expect("the file that it changes");
        assert_eq!(
            text.matches(&before).count(),
            1,
            "{}: {file} does not contain\n{before}",
            path.display()
        );
        count += 1;
    }
    assert!(count >= 10, "too few patches");
}

/// Returns the file that a patch with one hunk changes, and the original lines of the hunk.
fn target(patch: &str) -> (String, String) {
    let file = patch.lines().find_map(|line| line.strip_prefix("--- a/")).expect("a file");
    let hunk = patch.lines().skip_while(|line| !line.starts_with("@@")).skip(1);
    let known = hunk.filter_map(|line| line.strip_prefix([' ', '-']));
    (file.to_owned(), known.map(|line| format!("{line}\n")).collect())
}
