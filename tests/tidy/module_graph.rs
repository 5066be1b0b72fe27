//! Which files of a crate use which: each path is followed to the file that defines the item.

use crate::module_tree::{Binding, Module};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// For each file the files that it uses, with the names that tie it to them.
pub type Graph = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Module(usize),
    Type(usize, String),
    Value(usize, String),
}

/// The graph of a crate's files. Files that only declare modules and re-export items have no arrows.
pub fn graph(tree: &[Module]) -> Graph {
    let mut graph = Graph::new();
    for (at, module) in tree.iter().enumerate() {
        let arrows = graph.entry(module.file.clone()).or_default();
        let imported = module.globs.iter().filter(|path| !path.is_empty());
        for path in module.uses.iter().chain(imported).filter(|path| !path.is_empty()) {
            for found in follow(tree, at, path, &mut BTreeSet::new()) {
                let (Found::Type(to, name) | Found::Value(to, name)) = found else { continue };
                if tree[to].file != module.file {
                    arrows.entry(tree[to].file.clone()).or_default().insert(name);
                }
            }
        }
    }
    graph
}

/// The types that have an inherent `impl` block outside the file that defines them, with the files of these blocks.
pub fn scattered_impls(tree: &[Module]) -> BTreeMap<String, BTreeSet<PathBuf>> {
    let mut files: BTreeMap<String, BTreeSet<PathBuf>> = BTreeMap::new();
    for (at, module) in tree.iter().enumerate() {
        for path in &module.impls {
            for found in follow(tree, at, path, &mut BTreeSet::new()) {
                let Found::Type(to, name) = found else { continue };
                if tree[to].file != module.file {
                    files.entry(name).or_default().insert(module.file.clone());
                }
            }
        }
    }
    files
}

/// Follows a path, through imports and re-exports, to what it names in this crate; nothing where it leads out of the crate.
/// `seen` holds the names that are being followed: an import may lead back to itself.
fn follow(tree: &[Module], from: usize, path: &[String], seen: &mut BTreeSet<(usize, String)>) -> BTreeSet<Found> {
    let Some((first, rest)) = path.split_first() else { return BTreeSet::new() };
    let mut found = match first.as_str() {
        "crate" => BTreeSet::from([Found::Module(0)]),
        "self" => BTreeSet::from([Found::Module(from)]),
        "super" => tree[from].parent.map(Found::Module).into_iter().collect(),
        "Self" => BTreeSet::new(),
        name => look_up(tree, from, name, seen),
    };
    if found.is_empty() && rest.is_empty() {
        found = macro_above(tree, from, first);
    }
    for name in rest {
        let step = |found| match found {
            Found::Module(module) if name == "super" => tree[module].parent.map(Found::Module).into_iter().collect(),
            Found::Module(module) => look_up(tree, module, name, seen),
            // A variant or an associated item: the file that defines the type is the one that is used.
            Found::Type(..) => BTreeSet::from([found]),
            Found::Value(..) => BTreeSet::new(),
        };
        found = found.into_iter().flat_map(step).collect();
    }
    found
}

fn look_up(tree: &[Module], module: usize, name: &str, seen: &mut BTreeSet<(usize, String)>) -> BTreeSet<Found> {
    let key = (module, name.to_owned());
    if !seen.insert(key.clone()) {
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    let bindings = tree[module].names.get(name);
    for binding in bindings.into_iter().flatten() {
        match binding {
            Binding::Type => drop(found.insert(Found::Type(module, name.to_owned()))),
            Binding::Value => drop(found.insert(Found::Value(module, name.to_owned()))),
            Binding::Module(child) => drop(found.insert(Found::Module(*child))),
            Binding::Import(path) => found.extend(follow(tree, module, path, seen)),
        }
    }
    if bindings.is_none() {
        for glob in &tree[module].globs {
            for source in follow(tree, module, glob, seen) {
                let Found::Module(source) = source else { continue };
                found.extend(look_up(tree, source, name, seen));
            }
        }
    }
    seen.remove(&key);
    found
}

/// A macro is in scope in the modules below the one that defines it, without a path.
fn macro_above(tree: &[Module], from: usize, name: &str) -> BTreeSet<Found> {
    let above = std::iter::successors(tree[from].parent, |module| tree[*module].parent);
    let defines = |module: &usize| tree[*module].macros.contains(name);
    above.filter(defines).map(|module| Found::Value(module, name.to_owned())).take(1).collect()
}

/// The groups of files that use each other in a circle: the strongly connected components of more than one file, by Tarjan's
/// algorithm.
pub fn circles(graph: &Graph) -> Vec<BTreeSet<PathBuf>> {
    let mut search = Search { graph, order: BTreeMap::new(), open: Vec::new(), circles: Vec::new() };
    for file in graph.keys() {
        if !search.order.contains_key(file) {
            search.visit(file);
        }
    }
    search.circles
}

struct Search<'g> {
    graph: &'g Graph,
    /// The order in which files were met.
    order: BTreeMap<&'g PathBuf, usize>,
    /// The files whose component is not complete yet.
    open: Vec<&'g PathBuf>,
    circles: Vec<BTreeSet<PathBuf>>,
}

impl<'g> Search<'g> {
    /// Visits a file that was not met before. Returns the earliest open file, by its order, that this one leads to.
    fn visit(&mut self, file: &'g PathBuf) -> usize {
        let own = self.order.len();
        self.order.insert(file, own);
        self.open.push(file);
        let mut earliest = own;
        for next in self.graph.get(file).into_iter().flat_map(BTreeMap::keys) {
            match self.order.get(next) {
                None => earliest = earliest.min(self.visit(next)),
                Some(order) if self.open.contains(&next) => earliest = earliest.min(*order),
                Some(_) => {}
            }
        }
        if earliest == own {
            let at = self.open.iter().position(|open| *open == file).unwrap();
            let component: BTreeSet<PathBuf> = self.open.drain(at..).cloned().collect();
            if component.len() > 1 {
                self.circles.push(component);
            }
        }
        earliest
    }
}
