//! The links of the README also work on the page of the crate in rustdoc, where they can't be relative.

use std::path::Path;

/// The definitions of links in a text: label and target.
fn definitions(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().map(|line| line.trim_start_matches("//! "));
    lines.filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect()
}

#[test]
fn each_relative_link_of_the_readme_is_absolute_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let library = std::fs::read_to_string(root.join("crates/punctual/src/lib.rs")).unwrap();
    let absolute = definitions(&library);
    let relative = definitions(&readme);
    assert!(relative.len() > 10, "{relative:?}");
    for (label, target) in relative {
        let file = target.split('#').next().unwrap_or_default();
        assert!(root.join(file).exists(), "{target}");
        let url = format!("https://github.com/punctual-rs/punctual/blob/main/{target}");
        assert!(absolute.contains(&(label, &url)), "{label}: {url}");
    }
    assert!(!readme.contains("](docs/") && !readme.contains("](crates/"), "an inline link");
}
