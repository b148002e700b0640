//! Which module uses which.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::paths::Paths;
use crate::source::{Place, Tree};

/// How often a name may be passed on.
const MAX_STEPS: usize = 32;

/// One module uses another, first in this line.
#[derive(Debug)]
pub(crate) struct Arrow {
    pub from: PathBuf,
    pub line: usize,
    pub to: PathBuf,
}

/// The modules of a crate, by their files, and what they use.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    modules: BTreeSet<PathBuf>,
    arrows: BTreeMap<(PathBuf, PathBuf), usize>,
}

impl Graph {
    pub(crate) fn of(tree: &Tree) -> Result<Self, String> {
        let paths = tree.0.iter().map(|(place, source)| (place, Paths::of(&source.items)));
        let paths: BTreeMap<&Place, Paths> = paths.collect();
        let names = Names { tree, paths: &paths };
        let mut graph = Self::default();
        for (place, source) in &tree.0 {
            graph.modules.insert(source.file.clone());
            for named in &paths[place].named {
                let Some(to) = names.module_of(place, &named.path) else { continue };
                // A part may name the whole that it is a part of.
                if place.starts_with(&to) {
                    continue;
                }
                let to = &tree.0[&to].file;
                if *to != source.file {
                    let arrow = (source.file.clone(), to.clone());
                    graph.arrows.entry(arrow).or_insert(named.line);
                }
            }
        }
        Ok(graph)
    }

    pub(crate) fn modules(&self) -> &BTreeSet<PathBuf> {
        &self.modules
    }

    pub(crate) fn arrows(&self) -> impl Iterator<Item = Arrow> {
        let arrows = self.arrows.iter();
        arrows.map(|((from, to), line)| Arrow { from: from.clone(), line: *line, to: to.clone() })
    }

    pub(crate) fn used_by<'g>(&'g self, module: &'g PathBuf) -> impl Iterator<Item = &'g PathBuf> {
        self.arrows.keys().filter(move |(from, _)| from == module).map(|(_, to)| to)
    }
}

/// Finds what names mean.
struct Names<'t> {
    tree: &'t Tree,
    paths: &'t BTreeMap<&'t Place, Paths>,
}

impl Names<'_> {
    /// The module that defines what a path names in this one; none for what is not of the crate, and for names of the
    /// module's own.
    fn module_of(&self, place: &Place, path: &[String]) -> Option<Place> {
        self.resolve(self.absolute(place, path)?, MAX_STEPS)
    }

    /// The same path from the crate's root on, if it goes into the crate.
    fn absolute(&self, place: &Place, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut from = place.clone();
        match first.as_str() {
            "crate" => from.clear(),
            "self" => {}
            "super" => {
                from.pop();
                let up = rest.iter().take_while(|name| *name == "super").count();
                from.truncate(from.len().saturating_sub(up));
                from.extend(rest[up..].iter().cloned());
                return Some(from);
            }
            name => {
                // What is imported privately was counted where it is; a word alone is no module.
                let is_child = self.is_module(place, name) && !rest.is_empty();
                if !is_child && !self.passes_on(place, name) {
                    return None;
                }
                from.push(first.clone());
            }
        }
        from.extend(rest.iter().cloned());
        Some(from)
    }

    fn passes_on(&self, place: &Place, name: &str) -> bool {
        self.paths[place].passed_on.iter().any(|passed| passed == name)
    }

    fn is_module(&self, place: &Place, name: &str) -> bool {
        let mut child = place.clone();
        child.push(name.to_owned());
        self.tree.0.contains_key(&child)
    }

    fn resolve(&self, path: Vec<String>, steps: usize) -> Option<Place> {
        let mut place = Place::new();
        for (index, name) in path.iter().enumerate() {
            if self.is_module(&place, name) {
                place.push(name.clone());
                continue;
            }
            // Passed on from elsewhere: there it is defined.
            let Some(import) = self.paths[&place].imports.get(name) else { break };
            let mut import = match self.absolute_import(&place, import) {
                Some(import) if steps > 0 => import,
                _ => return None,
            };
            import.extend(path[index + 1..].iter().cloned());
            return self.resolve(import, steps - 1);
        }
        Some(place)
    }

    /// Where an import comes from; none if it is from another crate.
    fn absolute_import(&self, place: &Place, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        let known = matches!(first.as_str(), "crate" | "self" | "super");
        if known || self.is_module(place, first) {
            return self.absolute(place, path);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn arrows(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let text = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "not there".to_owned())
        };
        let tree = Tree::read_with(Path::new("lib.rs"), &text).unwrap();
        let name = |path: PathBuf| path.display().to_string();
        let graph = Graph::of(&tree).unwrap();
        graph.arrows().map(|arrow| (name(arrow.from), name(arrow.to))).collect()
    }

    fn arrow(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_name_is_used_where_it_is_defined() {
        let files = [
            ("lib.rs", "mod a; mod b; pub use a::Thing;"),
            ("a/mod.rs", "mod inner; pub use self::inner::Thing;"),
            ("a/inner.rs", "pub struct Thing;"),
            ("b.rs", "use crate::Thing; use std::fmt; fn f(_: Thing) { crate::a::g() }"),
        ];
        assert_eq!(arrows(&files), [arrow("b.rs", "a/inner.rs"), arrow("b.rs", "a/mod.rs")]);
    }

    #[test]
    fn what_is_passed_on_is_used_by_who_names_it() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c; pub use self::b::B; pub use self::c::C; struct S(B);"),
            ("a/b.rs", "pub struct B;"),
            ("a/c.rs", "use super::S; pub struct C(S); fn b(b: u8) { b }"),
        ];
        assert_eq!(arrows(&files), [arrow("a/mod.rs", "a/b.rs")]);
    }

    #[test]
    fn tests_and_macros_texts_are_told_apart() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[cfg(test)] mod tests { use crate::b::B; } fn f() { vec![crate::b::x()]; }"),
            ("b.rs", "#[cfg(test)] use crate::a; macro_rules! m { () => { $crate::a::f() } }"),
        ];
        assert_eq!(arrows(&files), [arrow("a.rs", "b.rs")]);
    }
}
