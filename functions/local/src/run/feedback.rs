//! `weir feedback`: marks a finding as benign by writing a suppression rule, or removes that rule.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::{Rule, Suppressions};
use weir_domain::time::SECOND_MILLIS;
use weir_domain::window::utc_day;
use weir_pipeline::keys::{FINDINGS, SUPPRESSIONS};
use weir_pipeline::store::MAX_OBJECT_BYTES;
use weir_pipeline::{FolderStore, Store, suppressions};

use super::clock::now;
use super::suppressions as suppression_files;
use crate::arguments::Feedback;
use crate::output;

pub(super) async fn run(arguments: Feedback) -> anyhow::Result<ExitCode> {
    match (&arguments.store, &arguments.suppressions) {
        (Some(folder), _) => in_store(&arguments, folder).await?,
        (None, Some(file)) => in_file(&arguments, file)?,
        (None, None) => bail!("give the place of the rules: --store FOLDER or --suppressions FILE"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn in_store(arguments: &Feedback, folder: &Path) -> anyhow::Result<()> {
    let uid = &arguments.uid;
    if !folder.is_dir() {
        bail!("{}: no such folder: give the store folder of `weir score`", folder.display());
    }
    let store = FolderStore::open_or_create(folder)?;
    let ending = format!("/{uid}.json");
    let key = store.list(FINDINGS).await?.into_iter().find(|key| key.ends_with(&ending));
    if arguments.undo {
        if !suppressions::take_back(&store, uid).await? {
            bail!("no rule was written for finding {uid} in {}/{SUPPRESSIONS}", folder.display());
        }
        if let Some(key) = key
            && suppressions::reopen(&store, &key).await?
        {
            anstream::eprintln!("finding {uid} is open again");
        }
        anstream::eprintln!("the rule of finding {uid} is removed");
        return Ok(());
    }
    let missing = || format!("no finding {uid} in {}: `weir findings --all` lists them", folder.display());
    let object = store.get(&key.with_context(missing)?).await?.with_context(missing)?;
    let finding = serde_json::from_slice(&object.bytes).with_context(|| format!("finding {uid}"))?;
    let rule = rule(arguments, &finding)?;
    suppressions::write_rule(&store, &rule).await?;
    print_rule(&rule, &folder.join(SUPPRESSIONS));
    Ok(())
}

fn in_file(arguments: &Feedback, file: &Path) -> anyhow::Result<()> {
    let uid = &arguments.uid;
    let named = || format!("{}", file.display());
    let text = if file.exists() {
        // Checks the size and the rules before the whole text is read.
        suppression_files::read(file)?;
        fs::read_to_string(file).with_context(named)?
    } else {
        String::new()
    };
    if arguments.undo {
        let after = Suppressions::take_back(&text, uid).with_context(named)?;
        write(file, &after.with_context(|| format!("no rule was written for finding {uid} in {}", file.display()))?)?;
        anstream::eprintln!("the rule of finding {uid} is removed");
        return Ok(());
    }
    let findings = arguments.findings.as_deref().context("give the file of findings: --findings FILE")?;
    let finding = find(findings, uid)?;
    let finding = finding.with_context(|| format!("no finding {uid} in {}", findings.display()))?;
    let rule = rule(arguments, &finding)?;
    write(file, &Suppressions::write_rule(&text, &rule).with_context(named)?)?;
    print_rule(&rule, file);
    Ok(())
}

/// The finding with a uid, in a file with one finding per line.
fn find(path: &Path, uid: &str) -> anyhow::Result<Option<DetectionFinding>> {
    let file = File::open(path).with_context(|| format!("{}", path.display()))?;
    for (i, line) in BufReader::new(file.take(MAX_OBJECT_BYTES)).lines().enumerate() {
        let line = line.with_context(|| format!("{}", path.display()))?;
        if !line.contains(uid) {
            continue;
        }
        let finding: DetectionFinding = serde_json::from_str(&line).with_context(|| {
            format!("{}, line {}: not a finding: use the output of `weir detect --format ocsf`", path.display(), i + 1)
        })?;
        if finding.finding_info.uid == uid {
            return Ok(Some(finding));
        }
    }
    Ok(None)
}

fn rule(arguments: &Feedback, finding: &DetectionFinding) -> anyhow::Result<Rule> {
    let now = now();
    let until = arguments.duration.map(|seconds| now.saturating_add(seconds.saturating_mul(SECOND_MILLIS)));
    let why = arguments.benign.as_deref().unwrap_or_default();
    Rule::about(finding, why, now, until).with_context(|| format!("finding {}", arguments.uid))
}

/// Replaces a file atomically, so that concurrent readers see the old or the new content.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let replace = || -> std::io::Result<()> {
        let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
        fresh.write_all(text.as_bytes())?;
        if let Ok(before) = fs::metadata(path) {
            fresh.as_file().set_permissions(before.permissions())?;
        }
        fresh.persist(path)?;
        Ok(())
    };
    replace().with_context(|| format!("writing {}", path.display()))
}

/// Prints where the rule was written on standard error, and the rule itself on standard output.
fn print_rule(rule: &Rule, path: &Path) {
    let until = match rule.until {
        Some(until) => format!("until {}", utc_day(until.div_euclid(SECOND_MILLIS))),
        None => "without expiry (--for 90d limits it)".to_owned(),
    };
    anstream::eprintln!("written to {}, in effect {until}; --undo removes it:", path.display());
    anstream::print!("{}", output::escape_lines(&rule.to_toml()));
}
