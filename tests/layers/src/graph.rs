//! The dependency graph of modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::paths::Paths;
use crate::source::{ModulePath, Tree};

/// The maximum number of consecutive re-exports of a name.
const MAX_STEPS: usize = 32;

/// A dependency between two modules, with the line of its first occurrence.
#[derive(Debug)]
pub(crate) struct Edge {
    pub from: PathBuf,
    pub line: usize,
    pub to: PathBuf,
}

/// The modules of a crate, identified by their files, and their dependencies.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    modules: BTreeSet<PathBuf>,
    edges: BTreeMap<(PathBuf, PathBuf), usize>,
}

impl Graph {
    pub(crate) fn of(tree: &Tree) -> Result<Self, String> {
        let paths =
            tree.0.iter().map(|(module_path, source)| (module_path, Paths::of(&source.items)));
        let paths: BTreeMap<&ModulePath, Paths> = paths.collect();
        let names = Names { tree, paths: &paths };
        let mut graph = Self::default();
        for (module_path, source) in &tree.0 {
            graph.modules.insert(source.file.clone());
            for named in &paths[module_path].named {
                let Some(to) = names.module_of(module_path, &named.path) else { continue };
                // A submodule may use the module that contains it.
                if module_path.starts_with(&to) {
                    continue;
                }
                let to = &tree.0[&to].file;
                if *to != source.file {
                    let edge = (source.file.clone(), to.clone());
                    graph.edges.entry(edge).or_insert(named.line);
                }
            }
        }
        Ok(graph)
    }

    pub(crate) fn modules(&self) -> &BTreeSet<PathBuf> {
        &self.modules
    }

    pub(crate) fn edges(&self) -> impl Iterator<Item = Edge> {
        let edges = self.edges.iter();
        edges.map(|((from, to), line)| Edge { from: from.clone(), line: *line, to: to.clone() })
    }

    pub(crate) fn used_by<'g>(&'g self, module: &'g PathBuf) -> impl Iterator<Item = &'g PathBuf> {
        self.edges.keys().filter(move |(from, _)| from == module).map(|(_, to)| to)
    }
}

/// Resolves paths to modules.
struct Names<'t> {
    tree: &'t Tree,
    paths: &'t BTreeMap<&'t ModulePath, Paths>,
}

impl Names<'_> {
    /// Returns the module that defines the item at this path; `None` for items of other crates and of the module
    /// itself.
    fn module_of(&self, module_path: &ModulePath, path: &[String]) -> Option<ModulePath> {
        self.resolve(self.absolute(module_path, path)?, MAX_STEPS)
    }

    /// Returns the path from the crate root; `None` if it is in another crate.
    fn absolute(&self, module_path: &ModulePath, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut from = module_path.clone();
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
                // Private imports are counted where they are declared; a single name is not a module.
                let is_child = self.is_module(module_path, name) && !rest.is_empty();
                if !is_child && !self.is_reexport(module_path, name) {
                    return None;
                }
                from.push(first.clone());
            }
        }
        from.extend(rest.iter().cloned());
        Some(from)
    }

    fn is_reexport(&self, module_path: &ModulePath, name: &str) -> bool {
        self.paths[module_path].reexports.iter().any(|passed| passed == name)
    }

    fn is_module(&self, module_path: &ModulePath, name: &str) -> bool {
        let mut child = module_path.clone();
        child.push(name.to_owned());
        self.tree.0.contains_key(&child)
    }

    fn resolve(&self, path: Vec<String>, steps: usize) -> Option<ModulePath> {
        let mut module_path = ModulePath::new();
        for (index, name) in path.iter().enumerate() {
            if self.is_module(&module_path, name) {
                module_path.push(name.clone());
                continue;
            }
            // The name is re-exported, so the search continues at its origin.
            let Some(import) = self.paths[&module_path].imports.get(name) else { break };
            let mut import = match self.absolute_import(&module_path, import) {
                Some(import) if steps > 0 => import,
                _ => return None,
            };
            import.extend(path[index + 1..].iter().cloned());
            return self.resolve(import, steps - 1);
        }
        Some(module_path)
    }

    /// Returns the origin of an import; `None` if it is in another crate.
    fn absolute_import(&self, module_path: &ModulePath, path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        let known = matches!(first.as_str(), "crate" | "self" | "super");
        if known || self.is_module(module_path, first) {
            return self.absolute(module_path, path);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn edges(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let text = |path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "not found".to_owned())
        };
        let tree = Tree::read_with(Path::new("lib.rs"), &text).unwrap();
        let name = |path: PathBuf| path.display().to_string();
        let graph = Graph::of(&tree).unwrap();
        graph.edges().map(|edge| (name(edge.from), name(edge.to))).collect()
    }

    fn edge(from: &str, to: &str) -> (String, String) {
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
        assert_eq!(edges(&files), [edge("b.rs", "a/inner.rs"), edge("b.rs", "a/mod.rs")]);
    }

    #[test]
    fn a_reexported_name_is_resolved_to_its_definition() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod b; mod c; pub use self::b::B; pub use self::c::C; struct S(B);"),
            ("a/b.rs", "pub struct B;"),
            ("a/c.rs", "use super::S; pub struct C(S); fn b(b: u8) { b }"),
        ];
        assert_eq!(edges(&files), [edge("a/mod.rs", "a/b.rs")]);
    }

    #[test]
    fn tests_and_macro_bodies_are_ignored() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "#[cfg(test)] mod tests { use crate::b::B; } fn f() { vec![crate::b::x()]; }"),
            ("b.rs", "#[cfg(test)] use crate::a; macro_rules! m { () => { $crate::a::f() } }"),
        ];
        assert_eq!(edges(&files), [edge("a.rs", "b.rs")]);
    }
}
