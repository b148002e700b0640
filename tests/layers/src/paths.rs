//! The paths in the source of a module.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Item, ItemFn, ItemImpl, ItemUse, Macro, Path, UseTree, Visibility};

use crate::source::is_test;

/// A path as written in the source, with its line.
#[derive(Debug)]
pub(crate) struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// The paths of a module.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    /// Imported names, with their paths as written.
    pub imports: BTreeMap<String, Vec<String>>,
    /// Imported names that are only re-exported, unless the module also uses them.
    pub reexports: Vec<String>,
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

    fn add_use(&mut self, tree: &UseTree, before: &[String], is_reexport: bool, line: usize) {
        let mut path = before.to_vec();
        let mut import = |path: Vec<String>, name: String| {
            if name == "self" || name == "_" {
                return;
            }
            if is_reexport {
                self.reexports.push(name.clone());
            } else {
                self.named.push(Named { path: path.clone(), line });
            }
            self.imports.insert(name, path);
        };
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.add_use(&inner.tree, &path, is_reexport, line);
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
            UseTree::Glob(_) if is_reexport => {}
            UseTree::Glob(_) => self.named.push(Named { path, line }),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, before, is_reexport, line);
                }
            }
        }
    }

    /// Collects paths such as `crate::a::b` from the tokens of a macro call.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let ident = |index: usize| match tokens.get(index) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let is = |index: usize, sign: char| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
        let mut index = 0;
        while index < tokens.len() {
            if let TokenTree::Group(group) = &tokens[index] {
                self.scan(group.stream());
            }
            let begins = !(index > 0 && (is(index - 1, ':') || is(index - 1, '$')));
            let Some(first) = ident(index).filter(|_| begins) else {
                index += 1;
                continue;
            };
            let line = tokens[index].span().start().line;
            let mut path = vec![first];
            while is(index + 1, ':') && is(index + 2, ':') {
                let Some(next) = ident(index + 3) else { break };
                path.push(next);
                index += 3;
            }
            self.named.push(Named { path, line });
            index += 1;
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if !is_test(&item.attrs) {
            let is_reexport = !matches!(item.vis, Visibility::Inherited);
            self.add_use(&item.tree, &[], is_reexport, item.span().start().line);
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
