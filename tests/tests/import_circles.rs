//! No file of a crate imports, directly or through others, a file that imports it: each can be read after those it needs.
//!
//! Reads every file of every crate with `syn`, follows each path in it to the file that defines the name (through re-exports and
//! glob imports), and searches the resulting graph for strongly connected components. Test modules do not count.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A module's path within its crate: empty for the root.
type ModulePath = Vec<String>;

/// What one file defines, imports and mentions.
#[derive(Debug, Default)]
struct SourceFile {
    path: PathBuf,
    /// Names of items that the file itself defines.
    defined: BTreeSet<String>,
    /// Names of its child modules in files of their own.
    children: BTreeSet<String>,
    /// Name in scope → path it was imported from.
    imported: BTreeMap<String, Vec<String>>,
    /// Paths whose names are all imported (`use path::*`).
    globs: Vec<Vec<String>>,
    /// Paths mentioned in the code, or imported for it. What is only re-exported is not needed by the file itself.
    needed: BTreeSet<Vec<String>>,
}

/// True for an item that only tests see.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        meta => meta.path().is_ident("test"),
    })
}

/// The attributes of an item, of the kinds that matter here.
fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        _ => &[],
    }
}

impl SourceFile {
    fn import(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let with = |name: &syn::Ident| prefix.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) if name.ident == "self" => {
                self.imported.insert(prefix.last().unwrap().clone(), prefix.to_vec());
            }
            syn::UseTree::Name(name) => {
                self.imported.insert(name.ident.to_string(), with(&name.ident));
            }
            syn::UseTree::Rename(rename) => {
                self.imported.insert(rename.rename.to_string(), with(&rename.ident));
            }
            syn::UseTree::Glob(_) => self.globs.push(prefix.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, prefix)),
        }
    }
}

impl<'ast> Visit<'ast> for SourceFile {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_for_tests(attributes(item)) {
            return;
        }
        match item {
            syn::Item::Use(item) => {
                let before: BTreeSet<_> = self.imported.keys().cloned().collect();
                self.import(&item.tree, &[]);
                if matches!(item.vis, syn::Visibility::Inherited) {
                    let new = self.imported.iter().filter(|(name, _)| !before.contains(*name));
                    self.needed.extend(new.map(|(_, path)| path.clone()));
                }
                return;
            }
            syn::Item::Mod(item) if item.content.is_none() => {
                self.children.insert(item.ident.to_string());
            }
            syn::Item::Fn(item) => drop(self.defined.insert(item.sig.ident.to_string())),
            syn::Item::Struct(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Enum(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Trait(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Const(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Static(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Type(item) => drop(self.defined.insert(item.ident.to_string())),
            syn::Item::Macro(item) => drop(item.ident.as_ref().map(|name| self.defined.insert(name.to_string()))),
            _ => {}
        }
        syn::visit::visit_item(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            self.needed.insert(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The files of a crate, by module path.
struct Crate(BTreeMap<ModulePath, SourceFile>);

impl Crate {
    /// Reads a crate from its root file on.
    fn read(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut open = vec![(ModulePath::new(), root.to_owned(), root.parent().unwrap().to_owned())];
        while let Some((module, path, folder)) = open.pop() {
            let text = std::fs::read_to_string(&path).unwrap();
            let file = Self::parse(path, &text);
            for child in &file.children {
                let flat = folder.join(format!("{child}.rs"));
                let path = if flat.exists() { flat } else { folder.join(child).join("mod.rs") };
                open.push(([module.clone(), vec![child.clone()]].concat(), path, folder.join(child)));
            }
            files.insert(module, file);
        }
        Self(files)
    }

    fn parse(path: PathBuf, text: &str) -> SourceFile {
        let syntax = syn::parse_file(text).unwrap();
        let mut file = SourceFile { path, ..SourceFile::default() };
        file.visit_file(&syntax);
        file
    }

    /// The module whose file defines what a path names in a module, if it is one of the crate.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        if depth > 16 {
            return None;
        }
        match first.as_str() {
            "crate" => self.descend(&[], rest, depth),
            "self" => self.descend(module, rest, depth),
            "super" => self.descend_from(module.split_last()?.1, rest, depth),
            _ => self.descend(module, path, depth),
        }
    }

    /// Further `super`s, then down.
    fn descend_from(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        match path.split_first() {
            Some((first, rest)) if first == "super" => self.descend_from(module.split_last()?.1, rest, depth),
            _ => self.descend(module, path, depth),
        }
    }

    /// Looks a path up among the names of a module: its children, its own items, its imports. A module by itself is no file that
    /// is needed; what is named in it is.
    fn descend(&self, module: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        let file = self.0.get(module)?;
        let (first, rest) = path.split_first()?;
        if file.children.contains(first) {
            return self.descend(&[module, std::slice::from_ref(first)].concat(), rest, depth);
        }
        if file.defined.contains(first) {
            return Some(module.to_vec());
        }
        if let Some(source) = file.imported.get(first) {
            if source.first() == Some(first) && source.len() == 1 {
                return None;
            }
            return self.resolve(module, &[source.as_slice(), rest].concat(), depth + 1);
        }
        file.globs.iter().find_map(|glob| self.resolve(module, &[glob.as_slice(), path].concat(), depth + 1))
    }

    /// For each module those whose files it needs.
    fn needs(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let needs = |module: &ModulePath, file: &SourceFile| {
            let paths = file.needed.iter().filter_map(|path| self.resolve(module, path, 0));
            paths.filter(|other| other != module).collect()
        };
        self.0.iter().map(|(module, file)| (module, needs(module, file))).collect()
    }

    /// The circles: sets of files each of which needs every other, with one line each.
    fn circles(&self) -> Vec<String> {
        let needs = self.needs();
        let reach = |from: &ModulePath| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(needs[module].iter().filter(|&next| seen.insert(next.clone())));
            }
            seen
        };
        let reached: BTreeMap<_, _> = needs.keys().map(|&module| (module, reach(module))).collect();
        let circle = |module: &ModulePath| -> BTreeSet<_> {
            reached[module].iter().filter(|&other| reached[other].contains(module)).cloned().collect()
        };
        let circles: BTreeSet<_> =
            needs.keys().map(|&module| circle(module)).filter(|circle| circle.len() > 1).collect();
        let line = |circle: &BTreeSet<ModulePath>| {
            let arrows = circle.iter().flat_map(|from| {
                let targets = needs[from].iter().filter(|to| circle.contains(*to));
                targets.map(|to| format!("{} -> {}", self.0[from].path.display(), self.0[to].path.display()))
            });
            arrows.collect::<Vec<_>>().join("\n  ")
        };
        circles.iter().map(line).collect()
    }
}

/// The root files of the workspace's crates.
fn roots() -> Vec<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap();
    let folders = ["shared", "functions"].map(|folder| std::fs::read_dir(project.join(folder)).unwrap());
    let mut found: Vec<_> = folders
        .into_iter()
        .flatten()
        .flat_map(|entry| ["lib.rs", "main.rs"].map(|file| entry.as_ref().unwrap().path().join("src").join(file)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let roots = roots();
    assert!(roots.len() > 10, "{roots:?}");
    let crates: Vec<_> = roots.iter().map(|root| Crate::read(root)).collect();
    let arrows: usize = crates.iter().flat_map(|files| files.needs().into_values()).map(|needs| needs.len()).sum();
    assert!(arrows > 1000, "{arrows} imports: are they followed?");
    let circles: Vec<_> = crates.iter().flat_map(Crate::circles).collect();
    assert!(circles.is_empty(), "{} circles of imports:\n\n  {}", circles.len(), circles.join("\n\n  "));
}

#[test]
fn a_circle_would_be_reported() {
    let of = |files: &[(&str, &str)]| {
        let parsed = files.iter().map(|&(module, text)| {
            let path: ModulePath = module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            (path, Crate::parse(format!("{module}.rs").into(), text))
        });
        Crate(parsed.collect())
    };
    let root = "mod a; mod b; pub use a::A; fn main() { b::run() }";
    let fine = of(&[
        ("", root),
        ("a", "pub struct A;"),
        ("b", "use crate::A; pub fn run() -> A { A } #[cfg(test)] mod tests;"),
    ]);
    assert_eq!(fine.circles(), Vec::<String>::new());
    let through_a_re_export = of(&[
        ("", root),
        ("a", "pub struct A; impl A { fn run() { super::b::run() } }"),
        ("b", "use crate::A; pub fn run() -> A { A }"),
    ]);
    assert_eq!(through_a_re_export.circles(), ["a.rs -> b.rs\n  b.rs -> a.rs"]);
    let parent_and_child = of(&[
        ("", "mod a; use self::a::*; pub const SIZE: u8 = 1; fn f() -> A {}"),
        ("a", "pub struct A([u8; super::SIZE as usize]);"),
    ]);
    assert_eq!(parent_and_child.circles(), [".rs -> a.rs\n  a.rs -> .rs"]);
    let only_in_tests = of(&[
        ("", "mod a; pub const SIZE: u8 = 1; #[cfg(test)] mod tests { use crate::a::A; }"),
        ("a", "pub struct A([u8; crate::SIZE as usize]);"),
    ]);
    assert_eq!(only_in_tests.circles(), Vec::<String>::new());
}
