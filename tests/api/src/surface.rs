//! The items of a crate, found by following links from its root page; stale pages of earlier builds are not linked.

use std::collections::{BTreeMap, BTreeSet};

use crate::html::{all_between, attribute, between, text};
use crate::item::Item;
use crate::layout::line;

#[derive(Debug, Default)]
struct Surface {
    /// The items by path and kind, since a function and a macro may have the same name.
    items: BTreeMap<(String, String), Item>,
    /// Re-exports of a module that are not inlined.
    reexports: BTreeMap<String, BTreeSet<String>>,
}

/// Returns the API of a crate as text; `read` returns a page.
pub(crate) fn of(
    name: &str,
    read: &dyn Fn(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut surface = Surface::default();
    let folder = name.replace('-', "_");
    surface.read_module(&folder, &folder, read)?;
    if surface.items.is_empty() {
        return Err("no items, where rustdoc 1.95 has them".to_owned());
    }
    Ok(surface.text())
}

impl Surface {
    fn read_module(
        &mut self,
        path: &str,
        folder: &str,
        read: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<(), String> {
        let index = read(&format!("{folder}/index.html"))?;
        // A re-export of another crate, whose API is not part of this one.
        if let Some((above, name)) = path.rsplit_once("::")
            && index.contains("<h1>Crate ")
        {
            self.reexports.entry(above.to_owned()).or_default().insert(format!("pub use {name};"));
            return Ok(());
        }
        for entry in all_between(&index, "<dt", "</dt>") {
            if let Some((code, _)) = between(entry, "<code>", "</code>") {
                let reexports = self.reexports.entry(path.to_owned()).or_default();
                reexports.insert(line(&text(code)));
                continue;
            }
            let Some(page) = attribute(entry, "href") else { continue };
            if let Some(module) = page.strip_suffix("/index.html") {
                self.read_module(
                    &format!("{path}::{module}"),
                    &format!("{folder}/{module}"),
                    read,
                )?;
            } else if let Some((kind, rest)) = page.split_once('.')
                && let Some(name) = rest.strip_suffix(".html")
            {
                let page = format!("{folder}/{page}");
                let item =
                    Item::read(kind, &read(&page)?).map_err(|error| format!("{page}: {error}"))?;
                self.items.insert((format!("{path}::{name}"), kind.to_owned()), item);
            }
        }
        Ok(())
    }

    fn text(mut self) -> String {
        self.deduplicate_impls();
        let mut text = String::new();
        for (path, reexports) in &self.reexports {
            text += &format!("mod {path}\n");
            for reexport in reexports {
                text += &format!("    {reexport}\n");
            }
            text.push('\n');
        }
        for ((path, kind), item) in &self.items {
            text += &format!("{kind} {path}\n");
            match self.first_path(path, kind, item) {
                Some(first) => text += &format!("    as {first}\n"),
                None => {
                    for line in item.lines(last(path)) {
                        text += &format!("    {line}\n");
                    }
                }
            }
            text.push('\n');
        }
        text
    }

    /// Removes from the pages of traits the implementations that are listed on the pages of types.
    fn deduplicate_impls(&mut self) {
        let is_trait = |kind: &str| kind == "trait";
        let on_types = self.items.iter().filter(|((_, kind), _)| !is_trait(kind));
        let on_types: BTreeSet<String> =
            on_types.flat_map(|(_, item)| item.impls.keys().cloned()).collect();
        for ((_, kind), item) in &mut self.items {
            if is_trait(kind) {
                item.impls.retain(|of, _| !on_types.contains(of));
            }
        }
    }

    /// Returns the shortest other path of the same item, where it is listed in full.
    fn first_path(&self, path: &str, kind: &str, item: &Item) -> Option<&str> {
        let depth = |path: &str| (path.matches("::").count(), path.to_owned());
        let same = self.items.iter().filter(|((other, other_kind), same)| {
            other_kind == kind && last(other) == last(path) && *same == item
        });
        let first = same.map(|((other, _), _)| other.as_str()).min_by_key(|other| depth(other))?;
        (first != path).then_some(first)
    }
}

fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface_of(pages: &[(&str, &str)]) -> Result<String, String> {
        of("my-crate", &|page| {
            let found = pages.iter().find(|(name, _)| *name == page);
            found.map(|(_, html)| (*html).to_owned()).ok_or_else(|| format!("{page}: not found"))
        })
    }

    const ROOT: &str = r#"<dl class="item-table reexports"><dt id="reexport.chrono"><code>pub use <a>chrono</a>;</code></dt></dl>
        <dl class="item-table"><dt><a class="mod" href="prelude/index.html">prelude</a></dt><dd>What is needed.</dd></dl>
        <dl class="item-table"><dt><a class="struct" href="struct.Job.html" title="struct my_crate::Job">Job</a></dt>
        <dt><a class="trait" href="trait.Task.html">Task</a></dt></dl>"#;
    const PRELUDE: &str = r#"<dt><a class="struct" href="struct.Job.html">Job</a></dt>"#;
    const JOB: &str = r#"<pre class="rust item-decl"><code>pub struct Job;</code></pre>
        <h2 id="trait-implementations" class="section-header"></h2><h3 class="code-header">impl Task for Job</h3>"#;
    const TASK: &str = r#"<pre class="rust item-decl"><code>pub trait Task { }</code></pre>
        <h2 id="foreign-impls" class="section-header"></h2><h3 class="code-header">impl Task for u8</h3>
        <h2 id="implementors" class="section-header"></h2><h3 class="code-header">impl Task for Job</h3>"#;

    #[test]
    fn each_item_is_listed_once_and_referenced_at_its_other_paths() {
        let pages = [
            ("my_crate/index.html", ROOT),
            ("my_crate/prelude/index.html", PRELUDE),
            ("my_crate/struct.Job.html", JOB),
            ("my_crate/prelude/struct.Job.html", JOB),
            ("my_crate/trait.Task.html", TASK),
        ];
        let text = "mod my_crate\n    pub use chrono;\n\n\
            struct my_crate::Job\n    pub struct Job;\n    impl Task for Job\n\n\
            trait my_crate::Task\n    pub trait Task { }\n    impl Task for u8\n\n\
            struct my_crate::prelude::Job\n    as my_crate::Job\n\n";
        assert_eq!(surface_of(&pages).unwrap(), text);
        assert!(surface_of(&pages[..4]).is_err());
    }

    #[test]
    fn a_reexported_crate_is_one_line() {
        let root = r#"<h1>Crate <span>my_crate</span></h1><dt><a class="struct" href="struct.Job.html">Job</a></dt>
            <dt><a class="mod" href="chrono/index.html">chrono</a></dt>"#;
        let chrono = r#"<h1>Crate <span>chrono</span></h1><dt><a class="struct" href="struct.Utc.html">Utc</a></dt>"#;
        let pages = [
            ("my_crate/index.html", root),
            ("my_crate/struct.Job.html", JOB),
            ("my_crate/chrono/index.html", chrono),
        ];
        let text = "mod my_crate\n    pub use chrono;\n\n\
            struct my_crate::Job\n    pub struct Job;\n    impl Task for Job\n\n";
        assert_eq!(surface_of(&pages).unwrap(), text);
    }

    #[test]
    fn a_crate_without_items_is_an_error() {
        assert!(surface_of(&[("my_crate/index.html", "")]).is_err());
    }
}
