//! `anomalous-behaviour`: a host's window that an estimator trained on typical windows finds hard to believe.
//!
//! Two things must agree: the p-value says that typical behaviour rarely looks so, and an effect size says that something
//! measurable is far above what this host usually does. A score that saturates cannot say the second, and without it
//! every quiet network would have its "most anomalous" window of the day.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weir_domain::aggregate::{HostWindow, PairTotals};
use weir_domain::bounded::Merge;
use weir_domain::finding::{Evidence, Facts, Hit, Kind, Reason, Reference, Severity, Subject};
use weir_domain::matrix::{Feature, FeatureSchema};
use weir_domain::score::{Explanation, PValue, Score, TypicalRange};

use super::context::{WindowContext, interfaces};

/// When a learned score becomes a finding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// The largest p-value of a finding. Default 0.03: some nine windows of a host a day are looked at more closely.
    pub p_value: f64,
    /// How many times what is rarely exceeded (the 95th percentile: high enough to be rare, low enough that an attack in
    /// the data fitted on does not hide itself) a feature must reach. Default 8.
    pub effect: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { p_value: 0.03, effect: 8.0 }
    }
}

/// What the estimator says of one host's window.
#[derive(Debug, Clone)]
pub struct Judgement<'a> {
    /// What the features are.
    pub schema: &'a FeatureSchema,
    /// The features, transformed.
    pub row: &'a [f64],
    /// The estimator's score.
    pub score: Score,
    /// Its p-value.
    pub p_value: PValue,
    /// A feature that never varied where the estimator was fitted does now. An isolation forest cannot split on such a
    /// feature, so its p-value says nothing of it; the effect alone decides.
    pub unseen_change: bool,
    /// Which features drove the score.
    pub explanation: &'a Explanation,
    /// The baseline per feature, transformed.
    pub usual: &'a [TypicalRange],
    /// The windows that the baseline is of.
    pub reference: Reference,
}

/// Counts and bytes below which nothing is remarkable however rare: a host that sends 3 packets instead of none has
/// changed infinitely and means nothing. Packets without answer are also what is left where a window ends between the rows
/// of a transfer's two directions: 17 a second are not. A build or a deployment begins a hundred flows.
fn floor(feature: &Feature) -> f64 {
    match (feature.unit.as_str(), feature.name.as_str()) {
        ("B", _) => 1e7,
        ("s", _) => f64::INFINITY,
        (_, "packets_unanswered" | "packets_unasked") => 5_000.0,
        (_, "flows_begun" | "largest_flows" | "busiest_slot") => 200.0,
        _ => 100.0,
    }
}

impl Judgement<'_> {
    /// The features far above the baseline, those that drove the score most first; empty where none is.
    #[must_use]
    pub fn reasons(&self, thresholds: &Thresholds) -> Vec<Reason> {
        let positive: f64 = self.explanation.contributions.iter().map(|c| c.amount.max(0.0)).sum();
        self.explanation
            .contributions
            .iter()
            .filter_map(|contribution| {
                let at = contribution.feature;
                let (feature, usual) = (self.schema.features.get(at)?, self.usual.get(at)?);
                let value = feature.transform.invert(*self.row.get(at)?);
                let usual_high = feature.transform.invert(usual.high);
                let remarkable = value >= floor(feature) && value >= thresholds.effect * usual_high;
                remarkable.then(|| Reason {
                    feature: feature.name.clone(),
                    label: feature.label.clone(),
                    unit: feature.unit.clone(),
                    value,
                    usual: feature.transform.invert(usual.median),
                    usual_high,
                    reference: self.reference,
                    share: if positive > 0.0 { contribution.amount.max(0.0) / positive } else { 0.0 },
                })
            })
            .collect()
    }
}

/// How many reasons a finding gives.
const MAX_REASONS: usize = 3;

/// Looks at one judged window of a host.
#[must_use]
pub fn detect(
    host: &HostWindow<'_>,
    context: &WindowContext<'_>,
    judgement: &Judgement<'_>,
    thresholds: &Thresholds,
) -> Option<(Subject, Hit)> {
    let mut reasons = judgement.reasons(thresholds);
    let strongest = reasons.iter().map(|r| r.value / r.usual_high.max(1.0)).fold(0.0, f64::max);
    if reasons.is_empty() || (judgement.p_value.get() > thresholds.p_value && !judgement.unseen_change) {
        return None;
    }
    reasons = without_repetition(reasons);
    reasons.truncate(MAX_REASONS);
    let spans = [host.initiator.span(), host.responder.span()];
    let span = spans.into_iter().reduce(|mut a, b| {
        a.merge(b);
        a
    })?;
    let hit = Hit {
        window: context.start,
        window_end: context.end(),
        first_seen: span.first,
        last_seen: span.last,
        severity: if strongest >= 100.0 { Severity::High } else { Severity::Medium },
        confidence: (100.0 * (1.0 - judgement.p_value.get())).clamp(50.0, 95.0) as u8,
        rows: context.rows,
        interfaces: interfaces(host),
        facts: Facts::Behaviour { score: judgement.score.get(), p_value: judgement.p_value.get(), reasons },
        evidence: evidence(host).into(),
    };
    Some((context.subject(Kind::AnomalousBehaviour, host), hit))
}

/// Reasons that tell the same number again (all payload, and the payload to the one peer that got it) are left out.
fn without_repetition(reasons: Vec<Reason>) -> Vec<Reason> {
    let mut kept: Vec<Reason> = Vec::new();
    for reason in reasons {
        let same = |other: &Reason| other.unit == reason.unit && (other.value / reason.value - 1.0).abs() < 0.05;
        if !kept.iter().any(same) {
            kept.push(reason);
        }
    }
    kept
}

/// The peers most was exchanged with, by bytes and by attempts.
fn evidence(host: &HostWindow<'_>) -> Vec<Evidence> {
    let mut lines: BTreeMap<(IpAddr, u8, u16), PairTotals> = BTreeMap::new();
    for (key, pair) in host.initiator.pairs().iter().chain(host.responder.pairs().iter()) {
        lines.entry((key.peer, key.service.protocol, key.service.port)).or_default().merge(pair.totals);
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    let volume = |t: &PairTotals| t.bytes_sent.saturating_add(t.bytes_received);
    // Floods show in rows and packets, transfers in bytes: a score of both ranks them together.
    let most = |of: fn(&PairTotals) -> u64| lines.iter().map(|(_, t)| of(t)).max().unwrap_or(0).max(1) as f64;
    let (bytes, rows, packets) = (
        lines.iter().map(|(_, t)| volume(t)).max().unwrap_or(0).max(1) as f64,
        most(|t| t.attempt_rows),
        most(|t| t.packets_sent),
    );
    let weight =
        |t: &PairTotals| volume(t) as f64 / bytes + t.attempt_rows as f64 / rows + t.packets_sent as f64 / packets;
    lines.sort_by(|(a, x), (b, y)| weight(y).total_cmp(&weight(x)).then(a.cmp(b)));
    lines.truncate(Evidence::MAX_PER_HIT);
    lines
        .into_iter()
        .map(|((destination, protocol, port), t)| Evidence {
            source: host.host,
            destination,
            protocol,
            ports: if port > 0 { vec![port] } else { Vec::new() },
            distinct_ports: u64::from(port > 0),
            attempts: t.attempt_rows,
            failed: 0,
            bytes_out: t.bytes_sent,
            bytes_in: t.bytes_received,
        })
        .collect()
}
