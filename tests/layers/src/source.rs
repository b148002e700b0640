//! The parsed source files of a crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, Item, ItemMod, Lit, Meta};

/// The path of a module from the crate root.
pub(crate) type ModulePath = Vec<String>;

/// The file and the items of a module.
pub(crate) struct Source {
    pub file: PathBuf,
    pub items: Vec<Item>,
}

/// All modules of a crate, including inline modules.
pub(crate) struct Tree(pub BTreeMap<ModulePath, Source>);

impl Tree {
    /// Reads the crate with this root file.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        Self::read_with(root, &|path| {
            std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
        })
    }

    /// Reads the crate with this root file; `read` returns the text of a file.
    pub(crate) fn read_with(
        root: &Path,
        text: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<Self, String> {
        let mut tree = Self(BTreeMap::new());
        let folder = root.parent().unwrap_or(Path::new(""));
        tree.add_file(Vec::new(), root, folder, text)?;
        Ok(tree)
    }

    /// Adds a file whose submodules are in `folder`.
    fn add_file(
        &mut self,
        module_path: ModulePath,
        file: &Path,
        folder: &Path,
        text: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let parsed = syn::parse_file(&text(file)?)
            .map_err(|error| format!("{}: {error}", file.display()))?;
        self.add(module_path, file, folder, parsed.items, text)
    }

    fn add(
        &mut self,
        module_path: ModulePath,
        file: &Path,
        folder: &Path,
        items: Vec<Item>,
        text: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let (mut own, mut modules) = (Vec::new(), Vec::new());
        for item in items {
            match item {
                Item::Mod(module) if !is_test(&module.attrs) => modules.push(module),
                Item::Mod(_) => {}
                item => own.push(item),
            }
        }
        self.0.insert(module_path.clone(), Source { file: file.to_owned(), items: own });
        for module in modules {
            self.add_module(&module_path, file, folder, module, text)?;
        }
        Ok(())
    }

    fn add_module(
        &mut self,
        parent: &ModulePath,
        file: &Path,
        folder: &Path,
        module: ItemMod,
        text: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), String> {
        let name = module.ident.to_string();
        let mut module_path = parent.clone();
        module_path.push(name.clone());
        if let Some((_, items)) = module.content {
            return self.add(module_path, file, &folder.join(name), items, text);
        }
        if let Some(path) = module.attrs.iter().find_map(path_of) {
            let file = file.parent().unwrap_or(Path::new("")).join(path);
            let folder = file.parent().unwrap_or(Path::new("")).to_owned();
            return self.add_file(module_path, &file, &folder, text);
        }
        let (beside, inside) = (folder.join(format!("{name}.rs")), folder.join(&name));
        match text(&beside) {
            Ok(_) => self.add_file(module_path, &beside, &inside, text),
            Err(_) => self.add_file(module_path, &inside.join("mod.rs"), &inside, text),
        }
    }
}

/// Returns whether an item is compiled for tests only.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let text = list.tokens.to_string();
            text == "test" || text.starts_with("all (test") || text.starts_with("any (test")
        }
        _ => false,
    })
}

fn path_of(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(value) if value.path.is_ident("path") => match &value.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(path) => Some(path.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
