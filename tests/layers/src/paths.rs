//! The paths that a module names.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Item, ItemFn, ItemImpl, ItemUse, Macro, Path, UseTree, Visibility};

use crate::source::is_test;

/// A path as it is written, and where.
#[derive(Debug)]
pub(crate) struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// What a module names.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// The names that it has from others, and their paths as they are written.
    pub imports: BTreeMap<String, Vec<String>>,
    /// The names among them that it only passes on, unless it uses them itself.
    pub passed_on: Vec<String>,
    pub named: Vec<Named>,
}

impl Paths {
    pub(crate) fn of(items: &[Item]) -> Self {
        let mut paths = Self::default();
        for item in items {
            paths.visit_item(item);
        }
        paths
    }

    fn add_use(&mut self, tree: &UseTree, before: &[String], passes_on: bool, line: usize) {
        let mut path = before.to_vec();
        let mut import = |path: Vec<String>, name: String| {
            if name == "self" || name == "_" {
                return;
            }
            if passes_on {
                self.passed_on.push(name.clone());
            } else {
                self.named.push(Named { path: path.clone(), line });
            }
            self.imports.insert(name, path);
        };
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.add_use(&inner.tree, &path, passes_on, line);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let last = path.last().cloned().unwrap_or_default();
                import(path, last);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                import(path, name.ident.to_string());
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.to_string());
                }
                import(path, rename.rename.to_string());
            }
            UseTree::Glob(_) if passes_on => {}
            UseTree::Glob(_) => self.named.push(Named { path, line }),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before, passes_on, line);
                }
            }
        }
    }

    /// Paths in what a macro is given: `crate::a::b` and the like.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let ident = |place: usize| match tokens.get(place) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let is = |place: usize, sign: char| matches!(tokens.get(place), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        let mut place = 0;
        while place < tokens.len() {
            if let TokenTree::Group(group) = &tokens[place] {
                self.scan(group.stream());
            }
            let begins = !(place > 0 && (is(place - 1, ':') || is(place - 1, '$')));
            let Some(first) = ident(place).filter(|_| begins) else {
                place += 1;
                continue;
            };
            let line = tokens[place].span().start().line;
            let mut path = vec![first];
            while is(place + 1, ':') && is(place + 2, ':') {
                let Some(next) = ident(place + 3) else { break };
                path.push(next);
                place += 3;
            }
            self.named.push(Named { path, line });
            place += 1;
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if !is_test(&item.attrs) {
            let passes_on = !matches!(item.vis, Visibility::Inherited);
            self.add_use(&item.tree, &[], passes_on, item.span().start().line);
        }
    }

    fn visit_path(&mut self, path: &'a Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.named.push(Named { path: names, line: path.span().start().line });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'a Macro) {
        if !call.path.is_ident("macro_rules") {
            self.visit_path(&call.path);
            self.scan(call.tokens.clone());
        }
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if !is_test(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }
}
