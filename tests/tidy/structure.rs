//! No modules of a crate use each other in a circle, and the `impl` of a type stands beside its definition.

use crate::module_graph::{Graph, circles, graph, scattered_impls};
use crate::module_tree::{Module, read};
use crate::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The roots of a package: its library, its program and further programs.
fn roots(package: &Path) -> Vec<PathBuf> {
    let source = package.join("src");
    let mut roots = vec![source.join("lib.rs"), source.join("main.rs")];
    roots.extend(fs::read_dir(source.join("bin")).into_iter().flatten().map(|entry| entry.unwrap().path()));
    roots.retain(|root| root.exists());
    roots
}

/// All packages that have source files of their own.
fn packages() -> Vec<PathBuf> {
    let folders = ["crates", "examples", "plugins"].map(|folder| root().join(folder));
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut packages: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| !roots(path).is_empty()).collect();
    packages.sort();
    packages
}

/// What is wrong with the modules of a package, for a person; nothing where all is well.
fn faults(package: &Path) -> Vec<String> {
    roots(package).iter().flat_map(|root| faults_of(package, &read(root))).collect()
}

fn faults_of(package: &Path, tree: &[Module]) -> Vec<String> {
    let graph = graph(tree);
    let in_circles = circles(&graph).into_iter().map(|circle| describe(package, &graph, &circle));
    let scattered = scattered_impls(tree).into_iter().map(|(name, files)| {
        let files: Vec<_> = files.iter().map(|file| shown(package, file)).collect();
        format!(
            "`{name}` has an inherent `impl` away from its definition, in {}: move the methods there, or make them functions",
            files.join(", ")
        )
    });
    in_circles.chain(scattered).collect()
}

fn describe(package: &Path, graph: &Graph, circle: &BTreeSet<PathBuf>) -> String {
    let mut text =
        "these files use each other in a circle; move what ties them into a file that both may use, or pass it in:"
            .to_owned();
    for from in circle {
        for (to, names) in graph[from].iter().filter(|(to, _)| circle.contains(*to)) {
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            text += &format!("\n    {} -> {}: {}", shown(package, from), shown(package, to), names.join(", "));
        }
    }
    text
}

fn shown(package: &Path, file: &Path) -> String {
    file.strip_prefix(package).unwrap().display().to_string()
}

#[test]
fn no_modules_use_each_other_in_a_circle_and_no_impl_is_scattered() {
    let packages = packages();
    assert!(packages.len() > 15, "only {} packages were found", packages.len());
    let mut report = String::new();
    for package in packages {
        let faults = faults(&package);
        if !faults.is_empty() {
            report += &format!("\n{}:\n  {}", shown(&root(), &package), faults.join("\n  "));
        }
    }
    assert!(report.is_empty(), "{report}");
}

/// A small crate of these files, and what is wrong with it.
fn faults_in(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join("src").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    faults(folder.path())
}

#[test]
fn a_circle_is_found_and_names_what_ties_it() {
    let faults = faults_in(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::{B, other as _}; pub struct A; fn f(_: B) {} "),
        ("b.rs", "pub struct B; pub fn other() -> u8 { crate::c::COUNT }"),
        ("c.rs", "pub const COUNT: u8 = 1; impl From<super::a::A> for u8 { fn from(_: super::a::A) -> u8 { 1 } }"),
    ]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    for arrow in ["src/a.rs -> src/b.rs: B, other", "src/b.rs -> src/c.rs: COUNT", "src/c.rs -> src/a.rs: A"] {
        assert!(faults[0].contains(arrow), "{arrow} is not in {}", faults[0]);
    }
}

#[test]
fn a_circle_is_found_through_re_exports_and_globs() {
    let by_name = faults_in(&[
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
        ("a.rs", "use crate::B; pub struct A(B);"),
        ("b.rs", "pub struct B; pub fn f() { let _ = vec![crate::A::new()]; }"),
    ]);
    assert!(by_name.len() == 1 && by_name[0].contains("src/b.rs -> src/a.rs: A"), "{by_name:?}");
    let folder = faults_in(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod inner; pub use inner::{Inner, Other as Another};"),
        ("a/inner.rs", "use super::super::b; pub struct Inner; pub struct Other; fn f() { b::f() }"),
        ("b.rs", "use crate::a::*; pub fn f() -> Another { loop {} }"),
    ]);
    assert!(folder.len() == 1 && folder[0].contains("src/b.rs -> src/a/inner.rs: Other"), "{folder:?}");
}

#[test]
fn a_parent_with_items_is_in_a_circle_with_the_child_that_uses_them() {
    let faults = faults_in(&[
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child; pub struct Shared; pub fn f() { child::g(&Shared) }"),
        ("parent/child.rs", "use super::Shared; pub fn g(_: &Shared) {}"),
    ]);
    assert!(faults.len() == 1 && faults[0].contains("src/parent/child.rs -> src/parent/mod.rs: Shared"), "{faults:?}");
    let of_a_macro = faults_in(&[
        ("lib.rs", "macro_rules! name { () => {} } mod child; fn f() { child::g() }"),
        ("child.rs", "name!(); pub fn g() {}"),
    ]);
    assert!(of_a_macro.len() == 1 && of_a_macro[0].contains("src/child.rs -> src/lib.rs: name"), "{of_a_macro:?}");
}

#[test]
fn neither_tests_nor_declarations_nor_other_crates_make_a_circle() {
    let faults = faults_in(&[
        ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
        ("a.rs", "use crate::B; pub struct A(B); #[cfg(test)] mod tests;"),
        ("a/tests.rs", "use crate::b::*; #[test] fn t() {}"),
        (
            "b.rs",
            "use url::A; pub struct B(A); #[cfg(test)] mod tests { use crate::A; } #[cfg(test)] fn f(_: crate::A) {}",
        ),
    ]);
    assert_eq!(faults, [""; 0]);
}

#[test]
fn an_impl_away_from_its_type_is_found_and_a_trait_for_it_is_not() {
    let faults = faults_in(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; impl A { fn f() {} }"),
        ("b.rs", "use crate::a::A; impl A { fn g() {} } impl Clone for A { fn clone(&self) -> A { A } }"),
    ]);
    assert!(
        faults.len() == 1 && faults[0].contains("`A` has an inherent `impl`") && faults[0].contains("src/b.rs"),
        "{faults:?}"
    );
}
