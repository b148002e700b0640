//! Modules that use each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::graph::Graph;

/// The circles of a graph: sets of modules each of which uses all others of its set, over any way.
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
    let mut circles = Vec::new();
    let mut known = BTreeSet::new();
    for (module, reaches) in &reached {
        if !reaches.contains(*module) || known.contains(*module) {
            continue;
        }
        let circle: BTreeSet<PathBuf> =
            reaches.iter().filter(|other| reached[other].contains(*module)).cloned().collect();
        known.extend(circle.iter().cloned());
        circles.push(circle);
    }
    circles
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::source::Tree;

    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let text = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "not there".to_owned())
        };
        let graph = Graph::of(&Tree::read_with(Path::new("lib.rs"), &text).unwrap()).unwrap();
        let names = |circle: BTreeSet<PathBuf>| {
            circle.into_iter().map(|path| path.display().to_string()).collect()
        };
        of(&graph).into_iter().map(names).collect()
    }

    #[test]
    fn a_way_down_is_none() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c; pub struct B;"),
            ("c.rs", ""),
        ];
        assert_eq!(circles(&files), [[""; 0]; 0]);
    }

    #[test]
    fn a_planted_one_is_found() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c; mod d; use a::A;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::c; pub struct B;"),
            ("c.rs", "fn f() { crate::a::g::<crate::d::D>() }"),
            ("d.rs", "pub struct D;"),
        ];
        assert_eq!(circles(&files), [["a.rs", "b.rs", "c.rs"]]);
    }

    #[test]
    fn a_part_may_name_its_whole_but_not_what_stands_on_that() {
        let part = |uses| {
            [
                ("lib.rs", "mod a; mod b;"),
                ("a/mod.rs", "mod part; pub struct Whole(part::Part);"),
                ("a/part.rs", uses),
                ("b.rs", "use crate::a::Whole; pub struct B;"),
            ]
        };
        let sound = part("use super::Whole; pub struct Part; impl Whole {}");
        assert_eq!(circles(&sound), [[""; 0]; 0]);
        let unsound = part("use crate::b::B; pub struct Part(B);");
        assert_eq!(circles(&unsound), [["a/mod.rs", "a/part.rs", "b.rs"]]);
    }
}
