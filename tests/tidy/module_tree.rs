//! Reads the modules of one crate from its source: what each module defines, imports and mentions. Test code is left out.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, Type, UseTree, Visibility};

/// A path as it is written: its segments, without generic arguments.
pub type Segments = Vec<String>;

/// What a name stands for in a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// A type or a trait that the module defines.
    Type,
    /// A function, constant, static or macro that the module defines.
    Value,
    /// A module below this one, by its place in the tree.
    Module(usize),
    /// An import of this path.
    Import(Segments),
}

/// One module of a crate.
#[derive(Debug, Default)]
pub struct Module {
    /// The module around this one, by its place in the tree; none for the root.
    pub parent: Option<usize>,
    /// The file that holds the module's text; an inline module shares its parent's.
    pub file: PathBuf,
    /// What each name stands for. One name may stand for a type and for a function.
    pub names: BTreeMap<String, Vec<Binding>>,
    /// The paths of which the module imports everything.
    pub globs: Vec<Segments>,
    /// The paths that the module uses: its private imports, and all paths in its code. A `pub use` alone is no use.
    pub uses: BTreeSet<Segments>,
    /// The macros that the module defines. The modules below it see them without a path.
    pub macros: BTreeSet<String>,
    /// The types that have an inherent `impl` block in the module.
    pub impls: BTreeSet<Segments>,
}

/// Reads the crate whose root is this file. The first module of the answer is the root.
pub fn read(root: &Path) -> Vec<Module> {
    let mut tree = vec![Module { file: root.to_owned(), ..Module::default() }];
    read_file(&mut tree, 0, root.parent().unwrap());
    tree
}

/// Reads a module that is a file of its own. `folder` is where the files of its child modules are.
fn read_file(tree: &mut Vec<Module>, module: usize, folder: &Path) {
    let file = tree[module].file.clone();
    let text = fs::read_to_string(&file).unwrap_or_else(|why| panic!("{} cannot be read: {why}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|why| panic!("{} does not parse: {why}", file.display()));
    read_items(tree, module, folder, &parsed.items);
}

fn read_items(tree: &mut Vec<Module>, module: usize, folder: &Path, items: &[Item]) {
    for item in items.iter().filter(|item| !is_test(attributes(item))) {
        if let Item::Mod(child) = item {
            let name = child.ident.to_string();
            let at = tree.len();
            tree.push(Module { parent: Some(module), file: tree[module].file.clone(), ..Module::default() });
            bind(&mut tree[module], &name, Binding::Module(at));
            let below = folder.join(&name);
            if let Some((_, items)) = &child.content {
                read_items(tree, at, &below, items);
            } else {
                let beside = folder.join(format!("{name}.rs"));
                tree[at].file = if beside.exists() { beside } else { below.join("mod.rs") };
                read_file(tree, at, &below);
            }
            continue;
        }
        if let Some((name, binding)) = definition(item) {
            if let Item::Macro(_) = item {
                tree[module].macros.insert(name.clone());
            }
            bind(&mut tree[module], &name, binding);
        }
        Reader(&mut tree[module]).visit_item(item);
    }
}

fn bind(module: &mut Module, name: &str, binding: Binding) {
    module.names.entry(name.to_owned()).or_default().push(binding);
}

fn definition(item: &Item) -> Option<(String, Binding)> {
    let (name, binding) = match item {
        Item::Struct(item) => (&item.ident, Binding::Type),
        Item::Enum(item) => (&item.ident, Binding::Type),
        Item::Union(item) => (&item.ident, Binding::Type),
        Item::Trait(item) => (&item.ident, Binding::Type),
        Item::Type(item) => (&item.ident, Binding::Type),
        Item::Fn(item) => (&item.sig.ident, Binding::Value),
        Item::Const(item) => (&item.ident, Binding::Value),
        Item::Static(item) => (&item.ident, Binding::Value),
        Item::Macro(item) => (item.ident.as_ref()?, Binding::Value),
        _ => return None,
    };
    Some((name.to_string(), binding))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an attribute keeps the code for tests: `#[test]`, or a `cfg` that asks for `test`.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return attribute.path().is_ident("test") };
        let mut paths = BTreeSet::new();
        mentions(list.tokens.clone(), &mut paths);
        list.path.is_ident("cfg")
            && paths.contains(&vec!["test".to_owned()])
            && !paths.contains(&vec!["not".to_owned()])
    })
}

/// Collects what the code of one module uses.
struct Reader<'m>(&'m mut Module);

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &mut Vec::new(), matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let (None, Type::Path(of)) = (&item.trait_, &*item.self_ty) {
            self.0.impls.insert(segments(&of.path));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.0.uses.insert(segments(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.0.uses.insert(segments(&call.path));
        mentions(call.tokens.clone(), &mut self.0.uses);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let (false, syn::Meta::List(list)) = (attribute.path().is_ident("doc"), &attribute.meta) {
            mentions(list.tokens.clone(), &mut self.0.uses);
        }
    }
}

impl Reader<'_> {
    fn import(&mut self, tree: &UseTree, path: &mut Segments, private: bool) {
        match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(&step.tree, path, private);
                path.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, path, private);
                }
            }
            UseTree::Name(name) => self.import_name(path, &name.ident.to_string(), &name.ident.to_string(), private),
            UseTree::Rename(name) => self.import_name(path, &name.ident.to_string(), &name.rename.to_string(), private),
            UseTree::Glob(_) => self.0.globs.push(path.clone()),
        }
    }

    fn import_name(&mut self, path: &[String], name: &str, local: &str, private: bool) {
        let mut path = path.to_vec();
        let mut local = local.to_owned();
        if name == "self" {
            if local == "self" {
                local = path.last().unwrap().clone();
            }
        } else {
            path.push(name.to_owned());
        }
        if private {
            self.0.uses.insert(path.clone());
        }
        bind(self.0, &local, Binding::Import(path));
    }
}

fn segments(path: &syn::Path) -> Segments {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

/// The paths in tokens that are not parsed: those of macro calls and attributes. Texts of attributes may be paths as well.
fn mentions(tokens: TokenStream, found: &mut BTreeSet<Segments>) {
    let (mut path, mut colons, mut member) = (Vec::new(), 0, false);
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 {
                    found.insert(std::mem::take(&mut path));
                }
                if !member {
                    path.push(name.to_string());
                }
                (colons, member) = (0, false);
            }
            TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
            other => {
                found.insert(std::mem::take(&mut path));
                colons = 0;
                member = false;
                match other {
                    TokenTree::Group(group) => mentions(group.stream(), found),
                    TokenTree::Punct(mark) => member = ['.', '\''].contains(&mark.as_char()),
                    TokenTree::Literal(text) => {
                        let text = text.to_string();
                        if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"')) {
                            found.insert(segments(&path));
                        }
                    }
                    TokenTree::Ident(_) => {}
                }
            }
        }
    }
    found.insert(path);
}
