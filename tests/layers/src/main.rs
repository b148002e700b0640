//! Fails if modules of a crate depend on each other in a cycle.
//!
//!     cargo run -p punctual-layers [FOLDER]
//!
//! A module is a file. It depends on the modules that its paths refer to; a name that is re-exported by `pub use`
//! refers to the module that defines it. A submodule that refers to the module that contains it creates no dependency.
//! Unit tests and the bodies of macro definitions are ignored.

mod cycles;
mod graph;
mod paths;
mod source;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use source::Tree;

fn main() -> ExitCode {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);
    let (mut crates, mut modules, mut found) = (0, 0, 0);
    for root in roots(&folder) {
        let graph = Tree::read(&root).and_then(|tree| graph::Graph::of(&tree));
        let graph = match graph {
            Ok(graph) => graph,
            Err(error) => {
                eprintln!("{}: {error}", root.display());
                return ExitCode::from(2);
            }
        };
        crates += 1;
        modules += graph.modules().len();
        for cycle in cycles::of(&graph) {
            found += 1;
            eprintln!("{}: {} modules form a dependency cycle", root.display(), cycle.len());
            for edge in graph.edges().filter(|edge| cycle.contains(&edge.from)) {
                if cycle.contains(&edge.to) {
                    let (from, to) = (edge.from.display(), edge.to.display());
                    eprintln!("    {from}:{} uses {to}", edge.line);
                }
            }
        }
    }
    println!("{modules} modules of {crates} crates and programs: {found} cycles");
    if found == 0 && crates > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the root files of all crates and programs in a folder: each `lib.rs` and `main.rs`.
fn roots(folder: &Path) -> Vec<PathBuf> {
    let mut roots = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if name == "lib.rs" || name == "main.rs" {
                roots.push(path);
            }
        }
    }
    roots.sort();
    roots
}
