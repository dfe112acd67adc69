//! `weir evaluate --findings`: compares findings with the incidents of a truth file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use weir_detect::evaluation::{Bucket, Judgement, ObservedFinding, Truth, judge};

use super::output::{number, read, show};
use crate::arguments::EvaluationFormat;
use crate::output::{Rows, escape};

/// The largest truth file, in bytes.
const MAX_TRUTH_BYTES: u64 = 64 << 20;

/// The longest finding, in bytes: a finding with 50 lines of evidence takes about 20 KiB.
const MAX_FINDING_BYTES: u64 = 4 << 20;

/// The most findings, since each is compared with every incident.
const MAX_FINDINGS: usize = 1_000_000;

pub(super) fn run(findings: &Path, truth: &Path, format: EvaluationFormat) -> anyhow::Result<ExitCode> {
    let bytes = read(truth, MAX_TRUTH_BYTES)?;
    let truth = Truth::from_json(&bytes).with_context(|| format!("{}", truth.display()))?;
    let judgement = judge(&read_findings(findings)?, &truth);
    show(format, &[by_kind(&judgement)], &lines(&judgement), &judgement)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads one finding per line; empty lines are skipped.
fn read_findings(path: &Path) -> anyhow::Result<Vec<ObservedFinding>> {
    let shown = path.display();
    let mut file = BufReader::new(File::open(path).with_context(|| format!("{shown}"))?);
    let (mut findings, mut line, mut number) = (Vec::new(), Vec::new(), 0_u64);
    loop {
        line.clear();
        number += 1;
        let read = file.by_ref().take(MAX_FINDING_BYTES + 1).read_until(b'\n', &mut line);
        if read.with_context(|| format!("{shown}"))? == 0 {
            return Ok(findings);
        }
        anyhow::ensure!(
            line.len() as u64 <= MAX_FINDING_BYTES,
            "{shown}:{number}: longer than {} MiB",
            MAX_FINDING_BYTES >> 20
        );
        if line.trim_ascii().is_empty() {
            continue;
        }
        anyhow::ensure!(findings.len() < MAX_FINDINGS, "{shown}: more than {MAX_FINDINGS} findings");
        for mut finding in ObservedFinding::from_json(&line).with_context(|| format!("{shown}:{number}"))? {
            if finding.uid.is_empty() {
                finding.uid = format!("line {number}");
            }
            findings.push(finding);
        }
    }
}

fn by_kind(judgement: &Judgement) -> Rows {
    let mut rows = Rows::new(
        1,
        &["kind", "incidents", "detected", "typed", "located", "minutes", "minutes typed", "findings each"],
    );
    let all = judgement.by_kind.get_key_value(Judgement::ALL);
    let kinds = judgement.by_kind.iter().filter(|(kind, _)| *kind != Judgement::ALL);
    for (kind, counts) in kinds.chain(all) {
        rows.push(vec![
            escape(kind),
            counts.incidents.to_string(),
            counts.detected.to_string(),
            counts.typed.to_string(),
            counts.located.to_string(),
            number(counts.median_minutes, 2),
            number(counts.median_minutes_typed, 2),
            number(counts.findings_per_detected, 2),
        ]);
    }
    rows
}

fn lines(judgement: &Judgement) -> Vec<String> {
    let found = |bucket| judgement.buckets.get(&bucket).copied().unwrap_or(0);
    let buckets: Vec<_> =
        Bucket::ALL.into_iter().map(|bucket| format!("{} {}", found(bucket), bucket.as_str())).collect();
    let mut lines = vec![
        format!(
            "{}: {} findings ({}), {} before the evaluation period, {:.2} host-days",
            escape(&judgement.name),
            judgement.findings,
            buckets.join(", "),
            judgement.ignored_training,
            judgement.host_days
        ),
        format!(
            "recall {}  typed {}  precision {}  F1 {}  false per 100 host-days {}",
            number(judgement.recall, 2),
            number(judgement.typed_recall, 2),
            number(judgement.precision, 2),
            number(judgement.f1, 2),
            number(judgement.false_per_100_host_days, 2)
        ),
    ];
    if judgement.weak.incidents > 0 {
        lines.push(format!(
            "weak incidents, not counted: {}/{} detected",
            judgement.weak.detected, judgement.weak.incidents
        ));
    }
    if judgement.leads > 0 {
        let ranks = judgement.lead_ranks.values().flatten();
        lines.push(format!("leads, ranked apart: {}, {} incidents among them", judgement.leads, ranks.count()));
    }
    if !judgement.false_by_kind.is_empty() {
        let kinds: Vec<_> = judgement.false_by_kind.iter().map(|(kind, n)| format!("{n} {}", escape(kind))).collect();
        lines.push(format!("false findings: {}", kinds.join(", ")));
    }
    lines
}
