//! The layers of the crates: allowed dependencies, the only crate that uses AWS, and inherited lints.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper must fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// A crate of the workspace and the dependencies in its manifest, those of tests and build scripts included.
#[derive(Debug, Clone)]
struct Member {
    name: String,
    /// Its folder, relative to the root of the project.
    folder: String,
    dependencies: Vec<String>,
}

/// The layer of a crate, by its folder. Tests are the top layer and may depend on everything.
fn layer(folder: &str) -> Option<u8> {
    match folder {
        "shared/domain" => Some(0),
        "shared/ingest" | "shared/features" | "shared/model" | "shared/detect" | "shared/simulate" => Some(1),
        "shared/pipeline" | "shared/evaluate" => Some(2),
        "shared/aws" | "shared/web" => Some(3),
        _ if folder.starts_with("functions/") => Some(4),
        "tests" | "tests/any-bytes" => Some(5),
        _ => None,
    }
}

/// Whether a package is an AWS client, which one crate of ours may use.
fn is_aws(package: &str) -> bool {
    package.starts_with("aws-sdk-") || package == "aws-config"
}

/// The violations in the manifests, one line each.
fn violations(members: &[Member]) -> Vec<String> {
    let folders: BTreeMap<&str, &str> = members.iter().map(|m| (m.name.as_str(), m.folder.as_str())).collect();
    let mut wrong = Vec::new();
    for member in members {
        let Some(mine) = layer(&member.folder) else {
            wrong.push(format!("{} in {} has no layer", member.name, member.folder));
            continue;
        };
        for dependency in &member.dependencies {
            let theirs = folders.get(dependency.as_str()).and_then(|folder| layer(folder));
            match theirs {
                Some(theirs) if theirs > mine => wrong.push(format!("{} looks up to {dependency}", member.name)),
                Some(theirs) if theirs == mine => wrong.push(format!("{} looks sideways to {dependency}", member.name)),
                _ => {}
            }
            if is_aws(dependency) && member.folder != "shared/aws" {
                wrong.push(format!("{} knows {dependency}", member.name));
            }
        }
    }
    wrong
}

/// All packages that a package is built from, itself included.
fn built_from<'a>(root: &'a str, edges: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![root]);
    while let Some(package) = next.pop() {
        if seen.insert(package) {
            next.extend(edges.get(package).into_iter().flatten());
        }
    }
    seen
}

/// Whether a manifest has `[lints] workspace = true`.
fn inherits_lints(manifest: &str) -> bool {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    lines.find(|line| !line.is_empty() && !line.starts_with('#')) == Some("workspace = true")
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn metadata(options: &[&str]) -> Metadata {
    let options: Vec<String> = ["--frozen"].iter().chain(options).map(|&option| option.to_owned()).collect();
    MetadataCommand::new().cargo_path(env!("CARGO")).current_dir(root()).other_options(options).exec().unwrap()
}

fn members() -> Vec<Member> {
    let (root, metadata) = (root(), metadata(&["--no-deps"]));
    let member = |package: &cargo_metadata::Package| Member {
        name: package.name.to_string(),
        folder: package.manifest_path.parent().unwrap().strip_prefix(&root).unwrap().to_string(),
        dependencies: package.dependencies.iter().map(|d| d.name.clone()).collect(),
    };
    metadata.workspace_packages().into_iter().map(member).collect()
}

#[test]
fn no_crate_depends_on_its_own_or_a_higher_layer_and_one_crate_uses_aws() {
    let members = members();
    assert!(members.len() > 10, "{members:?}");
    let wrong = violations(&members);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_laptop_program_is_built_without_aws() {
    let host = Command::new(env!("CARGO")).arg("-vV").output().unwrap();
    let host = String::from_utf8(host.stdout).unwrap();
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = metadata(&["--filter-platform", host]);
    let names: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    // By name: where a package is there in two versions, both count.
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in &metadata.resolve.as_ref().unwrap().nodes {
        let built = node.deps.iter().filter(|d| d.dep_kinds.iter().any(|k| k.kind != DependencyKind::Development));
        edges.entry(names[&node.id]).or_default().extend(built.map(|d| names[&d.pkg]));
    }
    let weir = built_from("weir", &edges);
    for expected in ["weir-pipeline", "weir-domain", "tokio", "parquet"] {
        assert!(weir.contains(expected), "{expected} is missing: is this the right graph?");
    }
    for lambda in members().iter().filter(|member| member.folder.starts_with("functions/") && member.name != "weir") {
        let built = built_from(&lambda.name, &edges);
        assert!(
            !built.contains("zip") && !built.contains("weir-evaluate"),
            "{}: benchmarks are for a laptop",
            lambda.name
        );
    }
    let aws: Vec<_> = weir.into_iter().filter(|name| is_aws(name) || *name == "weir-aws").collect();
    assert_eq!(aws, Vec::<&str>::new());
    assert!(built_from("weir-aws", &edges).into_iter().any(is_aws), "and it would be seen");
}

#[test]
fn every_crate_inherits_the_lints_and_unsafe_code_is_forbidden() {
    let root = root();
    for member in members() {
        let manifest = std::fs::read_to_string(root.join(&member.folder).join("Cargo.toml")).unwrap();
        assert!(inherits_lints(&manifest), "{}: write `[lints]` and `workspace = true`", member.folder);
    }
    let workspace = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert!(workspace.lines().any(|line| line.trim() == "unsafe_code = \"forbid\""));
}

#[test]
fn violations_are_reported() {
    let member = |name: &str, folder: &str, dependencies: &[&str]| Member {
        name: name.to_owned(),
        folder: folder.to_owned(),
        dependencies: dependencies.iter().map(|&d| d.to_owned()).collect(),
    };
    let members = [
        member("domain", "shared/domain", &["serde", "ingest"]),
        member("ingest", "shared/ingest", &["domain"]),
        member("detect", "shared/detect", &["domain", "ingest"]),
        member("pipeline", "shared/pipeline", &["domain", "ingest", "detect", "aws-config"]),
        member("aws", "shared/aws", &["pipeline", "aws-config", "aws-sdk-s3"]),
        member("web", "shared/web", &["pipeline", "aws"]),
        member("score", "functions/score", &["aws", "publish", "aws-sdk-sns"]),
        member("publish", "functions/publish", &["aws", "lambda_runtime"]),
        member("helpers", "shared/helpers", &[]),
        member("tests", "tests", &["publish", "domain", "aws"]),
    ];
    assert_eq!(
        violations(&members),
        [
            "domain looks up to ingest",
            "detect looks sideways to ingest",
            "pipeline knows aws-config",
            "web looks sideways to aws",
            "score looks sideways to publish",
            "score knows aws-sdk-sns",
            "helpers in shared/helpers has no layer",
        ]
    );
    let edges = [("weir", vec!["pipeline"]), ("pipeline", vec!["deep"]), ("deep", vec!["aws-sdk-s3"])].into();
    assert!(built_from("weir", &edges).contains("aws-sdk-s3"), "however deep it lies");
    assert!(inherits_lints("[package]\n\n[lints]\n# as all\nworkspace = true\n"));
    assert!(!inherits_lints("[package]\nworkspace = true\n[lints]\n[dependencies]\nworkspace = true\n"));
}
