//! `weir detect`: preprocess into a temporary store, then detect over all of it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::message::count;
use weir_domain::finding::Severity;
use weir_domain::window::{utc_clock, utc_day};
use weir_pipeline::detect::{DetectOptions, Detected, Fitted};
use weir_pipeline::{FolderStore, detect};

use super::preprocess::read_all;
use crate::arguments::{Detect, Source};
use crate::{output, progress};

pub(super) async fn run(arguments: Detect) -> anyhow::Result<ExitCode> {
    let Source::Flow = arguments.source;
    let folder = tempfile::Builder::new().prefix("weir-").tempdir().context("making a temporary folder")?;
    let store = Arc::new(FolderStore::open_or_create(folder.path())?);
    let read = read_all(&arguments.logs, Arc::clone(&store)).await?;
    read.tell(arguments.logs.window);

    let options = DetectOptions {
        baseline: arguments.baseline,
        thresholds: Thresholds::default(),
        seed: arguments.seed,
        now: super::now(),
    };
    let bar = progress::bar(0, "detecting");
    let detected = detect(store.as_ref(), options, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await?;
    bar.finish_and_clear();
    tell(&detected, arguments.baseline.is_some());

    let mut out: Box<dyn Write> = match &arguments.output {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| format!("writing {}", path.display()))?))
        }
        None => Box::new(anstream::stdout().lock()),
    };
    match output::write(&mut out, arguments.format, &detected.findings).and_then(|()| out.flush()) {
        // Whoever reads has seen enough: `weir detect … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => {}
        written => written.context("writing the findings")?,
    }
    let worst = detected.findings.iter().map(|f| f.severity_id).max().unwrap_or(0);
    Ok(if !read.unreadable.is_empty() {
        ExitCode::from(2)
    } else if arguments.fail_on.is_some_and(|limit| worst >= Severity::from(limit).id()) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

/// Says on standard error what was looked at and what the findings rest on.
fn tell(detected: &Detected, with_baseline: bool) {
    let at = |time: i64| format!("{} {} UTC", utc_day(time), utc_clock(time));
    if let Some((first, last)) = detected.windows {
        anstream::eprintln!("{} monitored hosts from {} to {}", count(detected.hosts as u64), at(first.0), at(last.0));
    }
    match (detected.fitted, detected.report_from) {
        (Fitted::TooFew { windows, needed }, _) => anstream::eprintln!(
            "unusual behaviour was not looked for: {} windows of hosts to learn from, {} are needed",
            count(windows),
            count(needed)
        ),
        (Fitted::On { windows, .. }, Some(from)) if with_baseline => anstream::eprintln!(
            "usual behaviour learned from {} windows of hosts before {}; findings are from then on",
            count(windows),
            at(from.0)
        ),
        (Fitted::On { windows, .. }, _) => anstream::eprintln!(
            "usual behaviour learned from the input itself ({} windows of hosts): what goes on all the time counts as \
             usual; --baseline 24h learns from a day known to be clean",
            count(windows)
        ),
    }
    if detected.findings.is_empty() {
        anstream::eprintln!("nothing out of the ordinary was found");
    }
}
