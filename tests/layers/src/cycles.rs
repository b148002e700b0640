//! Dependency cycles of modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::graph::Graph;

/// Returns the cycles of a graph: sets of modules that all use each other, directly or indirectly.
pub(crate) fn of(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let reach = |from: &PathBuf| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for next in graph.used_by(module) {
                if reached.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&PathBuf, BTreeSet<PathBuf>> =
        graph.modules().iter().map(|module| (module, reach(module))).collect();
    let mut cycles = Vec::new();
    let mut known = BTreeSet::new();
    for (module, reaches) in &reached {
        if !reaches.contains(*module) || known.contains(*module) {
            continue;
        }
        let cycle: BTreeSet<PathBuf> =
            reaches.iter().filter(|other| reached[other].contains(*module)).cloned().collect();
        known.extend(cycle.iter().cloned());
        cycles.push(cycle);
    }
    cycles
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Tree;

    fn cycles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let text = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "not found".to_owned())
        };
        let graph = Graph::of(&Tree::read_with(Path::new("lib.rs"), &text).unwrap()).unwrap();
        let names = |cycle: BTreeSet<PathBuf>| {
            cycle.into_iter().map(|path| path.display().to_string()).collect()
        };
        of(&graph).into_iter().map(names).collect()
    }

    #[test]
    fn an_acyclic_graph_has_no_cycles() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c; pub struct B;"),
            ("c.rs", ""),
        ];
        assert_eq!(cycles(&files), [[""; 0]; 0]);
    }

    #[test]
    fn a_cycle_is_found() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d; use a::A;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c; pub struct B;"),
            ("c.rs", "fn f() { crate::a::g::<crate::d::D>() }"),
            ("d.rs", "pub struct D;"),
        ];
        assert_eq!(cycles(&files), [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn a_submodule_may_use_its_parent_but_not_the_parents_users() {
        let part = |uses| {
            [
                ("lib.rs", "mod a; mod b;"),
                ("a/mod.rs", "mod part; pub struct Whole(part::Part);"),
                ("a/part.rs", uses),
                ("b.rs", "use crate::a::Whole; pub struct B;"),
            ]
        };
        let sound = part("use super::Whole; pub struct Part; impl Whole {}");
        assert_eq!(cycles(&sound), [[""; 0]; 0]);
        let unsound = part("use crate::b::B; pub struct Part(B);");
        assert_eq!(cycles(&unsound), [["a/mod.rs", "a/part.rs", "b.rs"]]);
    }
}
