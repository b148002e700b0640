//! Fails when modules of a crate go round in a circle: when one uses another that, over any way, uses the first.
//!
//!     cargo run -p punctual-layers [FOLDER]
//!
//! A module is a file. It uses what its paths name: of a name that a module passes on by `pub use`, the module that
//! defines it. That a part names the module that it is a part of is no use: it adds to that. Tests inside of files, and
//! what only macros write, are left out.

mod circles;
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
        for circle in circles::of(&graph) {
            found += 1;
            eprintln!("{}: {} modules go round in a circle", root.display(), circle.len());
            for arrow in graph.arrows().filter(|arrow| circle.contains(&arrow.from)) {
                if circle.contains(&arrow.to) {
                    let (from, to) = (arrow.from.display(), arrow.to.display());
                    eprintln!("    {from}:{} uses {to}", arrow.line);
                }
            }
        }
    }
    println!("{modules} modules of {crates} crates and programs: {found} circles");
    if found == 0 && crates > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first files of all crates and programs in a folder: each `lib.rs` and `main.rs`.
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
