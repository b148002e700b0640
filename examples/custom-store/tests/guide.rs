//! Tests that the code in `docs/contributing-a-store.md` matches the sources.

const GUIDE: &str = include_str!("../../../docs/contributing-a-store.md");

const SOURCES: [&str; 9] = [
    include_str!("../../../crates/store-kit/src/kv/backend.rs"),
    include_str!("../../../crates/store-kit/src/kv/nodes.rs"),
    include_str!("../../../crates/store-kit/src/kv/record.rs"),
    include_str!("../../../crates/store-kit/src/kv/scan.rs"),
    include_str!("../src/files.rs"),
    include_str!("../src/folder.rs"),
    include_str!("../src/store.rs"),
    include_str!("conformance.rs"),
    include_str!("cluster.rs"),
];

/// Removes the indentation.
fn plain(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim())).collect()
}

#[test]
fn every_snippet_is_in_the_source() {
    let sources = SOURCES.map(plain);
    let snippets: Vec<_> = GUIDE.split("```rust,ignore\n").skip(1).collect();
    assert!(snippets.len() > 10, "{}", snippets.len());
    for snippet in snippets {
        let (snippet, _) = snippet.split_once("```").expect("its end");
        let found = sources.iter().any(|source| source.contains(&plain(snippet)));
        assert!(found, "the snippet is not in any source:\n{snippet}");
    }
}

#[test]
fn all_code_blocks_are_snippets_or_shell_commands() {
    let fences = GUIDE.lines().filter(|line| line.starts_with("```") && *line != "```");
    for fence in fences {
        assert!(matches!(fence, "```rust,ignore" | "```sh"), "{fence}");
    }
}
