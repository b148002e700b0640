//! One item, parsed from its page.

use std::collections::{BTreeMap, BTreeSet};

use crate::html::{attribute, between, text};
use crate::layout::{line, lines};

/// Traits that `#[derive]` implements; they are listed on one line.
const DERIVED: [&str; 9] =
    ["Clone", "Copy", "Debug", "Default", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

/// The declaration of an item and its implementations.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    declaration: Vec<String>,
    /// The public items of each `impl`; for trait implementations only types and constants, because the trait lists the
    /// rest.
    pub impls: BTreeMap<String, BTreeSet<String>>,
}

impl Item {
    pub(crate) fn read(kind: &str, html: &str) -> Result<Self, String> {
        let (declaration, rest) =
            between(html, "<pre class=\"rust item-decl\"><code>", "</code></pre>")
                .ok_or("no declaration, where rustdoc 1.95 has one")?;
        let mut item = Self { declaration: lines(&text(declaration)), impls: BTreeMap::new() };
        // The target of an alias has a separate page.
        if kind != "type" {
            item.read_impls(rest);
        }
        Ok(item)
    }

    fn read_impls(&mut self, html: &str) {
        let (mut section, mut of) = ("", String::new());
        let mut rest = html;
        while let Some(at) = rest.find("<h") {
            rest = &rest[at..];
            let (tag, behind) = rest.split_once('>').unwrap_or((rest, ""));
            rest = behind;
            if tag.starts_with("<h2") && tag.contains("section-header") {
                section = attribute(tag, "id").unwrap_or_default();
                if section == "dyn-compatibility" {
                    self.declaration.push("not dyn compatible".to_owned());
                }
            }
            let is_trait =
                matches!(section, "trait-implementations" | "foreign-impls" | "implementors");
            let is_auto = section == "synthetic-implementations";
            if !tag.ends_with("class=\"code-header\"")
                || !(is_trait || is_auto || section == "implementations")
            {
                continue;
            }
            let code = |end| line(&text(rest.split_once(end).map_or(rest, |(code, _)| code)));
            if tag.starts_with("<h3") {
                of = code("</h3>");
                // Of the auto traits, only a missing `Send` or `Sync` is listed.
                if is_auto && !of.contains("!Send for") && !of.contains("!Sync for") {
                    continue;
                }
                // The compiler's marker of a derived `PartialEq`.
                if !of.contains("StructuralPartialEq") {
                    self.impls.entry(of.clone()).or_default();
                }
            } else if let Some(items) = self.impls.get_mut(&of) {
                let item = code("</h4>");
                if !is_trait || item.starts_with("type ") || item.starts_with("const ") {
                    items.insert(item);
                }
            }
        }
    }

    /// Returns the lines below the item's name.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let mut lines = self.declaration.clone();
        let derived: Vec<&str> = DERIVED
            .into_iter()
            .filter(|derived| self.impls.contains_key(&format!("impl {derived} for {name}")))
            .collect();
        if !derived.is_empty() {
            lines.push(format!("impl {} for {name}", derived.join(", ")));
        }
        for (of, items) in &self.impls {
            if derived.iter().any(|derived| *of == format!("impl {derived} for {name}")) {
                continue;
            }
            lines.push(of.clone());
            let mut items: Vec<&String> = items.iter().collect();
            items.sort_by_key(|item| name_of(item));
            lines.extend(items.into_iter().map(|item| format!("    {item}")));
        }
        lines
    }
}

/// Returns the name in the declaration of a function, type or constant, which follows its keyword and qualifiers.
fn name_of(declaration: &str) -> &str {
    let mut rest = declaration;
    while let Some((word, behind)) = rest.split_once(' ') {
        rest = behind;
        let is_qualifier =
            ["fn ", "async fn ", "unsafe fn "].iter().any(|next| rest.starts_with(next));
        if matches!(word, "fn" | "type" | "const") && !is_qualifier {
            break;
        }
    }
    rest.split(|sign: char| !(sign.is_alphanumeric() || sign == '_')).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a page in rustdoc's format of a struct with these methods.
    fn page(methods: &[&str]) -> String {
        let header = |level: u8, id: &str, code: &str| {
            format!(
                "<section id=\"{id}\" class=\"impl\"><h{level} class=\"code-header\">{code}</h{level}></section>"
            )
        };
        let mut html = String::from(
            "<main><pre class=\"rust item-decl\"><code>pub struct Job { <span>/* private fields */</span> }</code></pre>\
             <div class=\"docblock\"><h2 id=\"errors\"><a>Errors</a></h2></div>\
             <h2 id=\"implementations\" class=\"section-header\">Implementations</h2>",
        );
        html += &header(3, "impl-Job", "impl <a href=\"struct.Job.html\">Job</a>");
        for method in methods {
            html += &header(4, "method", method);
        }
        html +=
            "<h2 id=\"trait-implementations\" class=\"section-header\">Trait Implementations</h2>";
        html += &header(3, "impl-Clone-for-Job", "impl Clone for Job");
        html += &header(4, "method.clone", "fn clone(&amp;self) -&gt; Job");
        html += &header(3, "impl-Debug-for-Job", "impl Debug for Job");
        html += &header(3, "impl-StructuralPartialEq-for-Job", "impl StructuralPartialEq for Job");
        html += &header(3, "impl-Iterator-for-Job", "impl Iterator for Job");
        html += &header(4, "associatedtype.Item", "type <a>Item</a> = u8");
        html += "<h2 id=\"blanket-implementations\" class=\"section-header\">Blanket Implementations</h2>";
        html + &header(3, "impl-Any-for-T", "impl&lt;T&gt; Any for T")
    }

    fn of(methods: &[&str]) -> Vec<String> {
        Item::read("struct", &page(methods)).unwrap().lines("Job")
    }

    const ID: &str = "pub fn <a>id</a>(&amp;self) -&gt; &amp;<a>JobId</a>";

    #[test]
    fn a_struct_has_its_declaration_methods_and_implementations() {
        let expected = [
            "pub struct Job { /* private fields */ }",
            "impl Clone, Debug for Job",
            "impl Iterator for Job",
            "    type Item = u8",
            "impl Job",
            "    pub fn id(&self) -> &JobId",
        ];
        assert_eq!(of(&[ID]), expected);
    }

    #[test]
    fn changed_methods_change_the_output() {
        let name = "pub fn <a>name</a>(\n    &amp;self,\n) -&gt; &amp;str";
        let before = of(&[ID]);
        let mut added = before.clone();
        added.push("    pub fn name(&self) -> &str".to_owned());
        assert_eq!(of(&[ID, name]), added);
        // The order in the source does not matter.
        assert_eq!(of(&[name, ID]), added);
        assert_eq!(of(&[]), before[..before.len() - 1]);
        let changed = of(&["pub fn <a>id</a>(self) -&gt; JobId"]);
        assert_eq!(changed.last().unwrap(), "    pub fn id(self) -> JobId");
        assert_eq!(changed[..5], before[..5]);
    }

    #[test]
    fn a_missing_auto_trait_is_listed() {
        let auto = |implemented: &str| {
            let header = format!("<h3 class=\"code-header\">impl {implemented} for Job</h3>");
            let section = "<h2 id=\"synthetic-implementations\" class=\"section-header\">Auto</h2>";
            let item = Item::read("struct", &(page(&[ID]) + section + &header)).unwrap();
            item.lines("Job").iter().any(|line| line.ends_with("Sync for Job"))
        };
        assert!(auto("!Sync"));
        assert!(!auto("Sync"));
    }

    #[test]
    fn qualifiers_dont_affect_the_order_of_methods() {
        assert_eq!(name_of("pub const fn bits(self) -> u32"), "bits");
        assert_eq!(name_of("pub const async fn bits(self) -> u32"), "bits");
        assert_eq!(name_of("pub async fn start<T>(&self)"), "start");
        assert_eq!(name_of("pub const ALL: EventMask"), "ALL");
        assert_eq!(name_of("type Error = NameError"), "Error");
    }

    #[test]
    fn an_alias_is_its_declaration() {
        let alias = page(&[ID]).replace("pub struct Job {", "pub type Alias = Job;");
        assert_eq!(Item::read("type", &alias).unwrap().impls.len(), 0);
    }

    #[test]
    fn a_page_without_a_declaration_is_an_error() {
        assert!(Item::read("struct", "<main></main>").is_err());
    }
}
