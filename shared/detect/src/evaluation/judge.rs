//! Compares findings with the truth.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::stats;
use weir_domain::time::DAY_SECONDS;

use super::{
    Bucket, Expected, IncidentJudgement, Judgement, KindJudgement, LabelledIncident, ObservedFinding, Truth,
    WeakIncidents,
};

/// Seconds that a finding may be off an incident and still overlap it.
const SLACK: f64 = 600.0;

/// The longest that a finding and an incident may last for a finding without targets to count as blaming the victim:
/// over a day, everybody is somebody's target.
const MAX_VICTIM_SECONDS: f64 = 7200.0;

const DAY: f64 = DAY_SECONDS as f64;

/// Whether a kind is an accepted name of another.
fn is_equivalent(found: &str, kind: &str) -> bool {
    let others: &[&str] = match kind {
        "host-sweep" => &["address-scan", "network-scan", "lateral-movement"],
        "port-scan" => &["scan", "vertical-scan"],
        "malware-c2" => &["beacon", "unknown-peer", "anomalous-behaviour"],
        "beacon" => &["malware-c2"],
        "brute-force" => &["password-spray", "connection-burst"],
        "denial-of-service" => &["ddos", "connection-burst"],
        "connection-burst" => &["denial-of-service"],
        "exfiltration" => &["data-exfiltration"],
        _ => &[],
    };
    others.contains(&found)
}

/// A finding that names an incident.
struct Hit<'a> {
    finding: &'a ObservedFinding,
    typed: bool,
    located: bool,
}

/// Compares findings, or stages of findings, with the truth. O(findings · incidents), times the hosts a finding names.
#[must_use]
pub fn judge(findings: &[ObservedFinding], truth: &Truth) -> Judgement {
    let begin = truth.evaluated_from();
    let known: BTreeSet<&String> =
        truth.monitored_hosts.iter().chain(&truth.benign_hosts).chain(truth.ipv6.values()).collect();
    let mut hits: Vec<Vec<Hit<'_>>> = truth.incidents.iter().map(|_| Vec::new()).collect();
    let (mut of_case, mut false_by_kind) = (BTreeMap::<&str, Vec<Bucket>>::new(), BTreeMap::new());
    let mut false_uids = Vec::new();
    let (leads, live): (Vec<_>, Vec<_>) =
        findings.iter().filter(|finding| finding.end >= begin).partition(|finding| finding.lead);
    for finding in &live {
        let mut named = Named::default();
        for (incident, hits) in truth.incidents.iter().zip(&mut hits) {
            if !is_about(finding, incident) {
                continue;
            }
            named = Named { strong: named.strong || !incident.weak, any: true };
            let typed = finding.kind == incident.kind
                || is_equivalent(&finding.kind, &incident.kind)
                || incident.accept.contains(&finding.kind);
            hits.push(Hit { finding, typed, located: finding.names_any(&incident.targets) });
        }
        let bucket = bucket(finding, &named, truth, &known);
        of_case.entry(&finding.uid).or_default().push(bucket);
        if bucket == Bucket::False {
            *false_by_kind.entry(finding.kind.clone()).or_default() += 1;
            false_uids.push(finding.uid.clone());
        }
    }
    let mut buckets = BTreeMap::new();
    for stages in of_case.values() {
        // The best stage decides; false stages count all the same.
        let best = stages.iter().min().copied().unwrap_or(Bucket::False);
        *buckets.entry(best).or_default() += 1;
        let wrong = stages.iter().filter(|bucket| **bucket == Bucket::False).count();
        let more = wrong - usize::from(best == Bucket::False);
        if more > 0 {
            *buckets.entry(Bucket::False).or_default() += more;
        }
    }
    let judged: Vec<_> = truth.incidents.iter().zip(&hits).collect();
    let (weak, counted): (Vec<_>, Vec<_>) = judged.into_iter().partition(|(incident, _)| incident.weak);

    let mut by_kind: BTreeMap<String, KindJudgement> = BTreeMap::new();
    for kind in counted.iter().map(|(incident, _)| &incident.kind).collect::<BTreeSet<_>>() {
        let of_kind: Vec<_> = counted.iter().filter(|(incident, _)| incident.kind == *kind).copied().collect();
        by_kind.insert(kind.clone(), kind_judgement(&of_kind));
    }
    let all = kind_judgement(&counted);
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    let recall = share(all.detected, all.incidents);
    let typed_recall = share(all.typed, all.incidents);
    by_kind.insert(Judgement::ALL.to_owned(), all);
    let in_bucket = |bucket| buckets.get(&bucket).copied().unwrap_or(0);
    let wrong = in_bucket(Bucket::False);
    let precision = share(in_bucket(Bucket::True), in_bucket(Bucket::True) + wrong);
    let counted_days = truth.monitored_hosts.len() as f64 * (truth.end - begin) / DAY;
    let host_days = truth.host_days.filter(|days| *days != 0.0).unwrap_or(counted_days);

    Judgement {
        name: truth.name.clone(),
        findings: of_case.len(),
        leads: leads.len(),
        lead_ranks: counted.iter().map(|(incident, _)| (incident.id.clone(), lead_rank(&leads, incident))).collect(),
        ignored_training: uids(findings.iter()) - uids(live.iter().chain(&leads).copied()),
        host_days: rounded(host_days, 2),
        false_per_100_host_days: (host_days > 0.0).then(|| rounded(100.0 * wrong as f64 / host_days, 1)),
        buckets,
        false_by_kind,
        false_uids,
        recall,
        typed_recall,
        precision,
        f1: recall.map(|recall| match precision {
            Some(precision) if precision > 0.0 && recall > 0.0 => 2.0 * precision * recall / (precision + recall),
            _ => 0.0,
        }),
        weak: WeakIncidents {
            incidents: weak.len(),
            detected: weak.iter().filter(|(_, hits)| !hits.is_empty()).count(),
        },
        by_kind,
        incidents: counted.iter().map(|(i, hits)| (i.id.clone(), incident_judgement(i, hits))).collect(),
    }
}

/// What incidents a finding names.
#[derive(Default)]
struct Named {
    /// One that is not weak.
    strong: bool,
    any: bool,
}

fn bucket(finding: &ObservedFinding, named: &Named, truth: &Truth, known: &BTreeSet<&String>) -> Bucket {
    let expects = |e: &Expected| finding.names_any(&e.actors) && overlaps(finding, e.start, e.end);
    let unknown_sources =
        || !finding.sources.is_empty() && !finding.sources.iter().any(|address| known.contains(address));
    if named.strong {
        Bucket::True
    } else if truth.expected.iter().any(expects) {
        Bucket::Expected
    } else if named.any || finding.acts(&truth.other_malicious) {
        Bucket::Minor
    } else if truth.incidents.iter().any(|incident| blames_victim(finding, incident)) {
        Bucket::Victim
    } else if finding.names_any(&truth.unlabelled_peers) || (truth.external_unlabelled && unknown_sources()) {
        Bucket::Unlabelled
    } else {
        Bucket::False
    }
}

/// Whether a finding names the offending side of an incident at its time.
fn is_about(finding: &ObservedFinding, incident: &LabelledIncident) -> bool {
    overlaps(finding, incident.start, incident.end) && names(finding, incident)
}

/// The rank, from 1, of the first lead that names an incident.
fn lead_rank(leads: &[&ObservedFinding], incident: &LabelledIncident) -> Option<usize> {
    Some(leads.iter().position(|lead| is_about(lead, incident))? + 1)
}

/// The number of distinct findings among stages.
fn uids<'a>(findings: impl Iterator<Item = &'a ObservedFinding>) -> usize {
    findings.map(|finding| finding.uid.as_str()).collect::<BTreeSet<_>>().len()
}

fn overlaps(finding: &ObservedFinding, start: f64, end: f64) -> bool {
    finding.start <= end + SLACK && finding.end >= start - SLACK
}

/// Whether a finding names the offending side of an incident.
fn names(finding: &ObservedFinding, incident: &LabelledIncident) -> bool {
    let inbound = incident.kind == "denial-of-service" && incident.direction.as_deref() == Some("inbound");
    finding.acts(&incident.actors)
        || (inbound && finding.names_any(&incident.targets))
        || (finding.acts(&incident.via) && finding.is_acted_upon(&incident.targets))
}

fn blames_victim(finding: &ObservedFinding, incident: &LabelledIncident) -> bool {
    let longest = (incident.end - incident.start).max(finding.end - finding.start);
    overlaps(finding, incident.start, incident.end)
        && finding.acts(&incident.targets)
        && (finding.is_acted_upon(&incident.actors)
            || (finding.destinations.is_empty() && longest <= MAX_VICTIM_SECONDS))
}

type Judged<'a> = (&'a LabelledIncident, &'a Vec<Hit<'a>>);

fn kind_judgement(incidents: &[Judged<'_>]) -> KindJudgement {
    let mut minutes: Vec<f64> = incidents.iter().filter_map(|(i, hits)| minutes(i, hits, |_| true)).collect();
    let mut typed: Vec<f64> =
        incidents.iter().filter_map(|(i, hits)| self::minutes(i, hits, |hit| hit.typed)).collect();
    let findings: usize = incidents.iter().map(|(_, hits)| uids(hits.iter().map(|hit| hit.finding))).sum();
    KindJudgement {
        incidents: incidents.len(),
        detected: minutes.len(),
        typed: typed.len(),
        located: incidents.iter().filter(|(_, hits)| hits.iter().any(|hit| hit.located)).count(),
        findings_per_detected: (!minutes.is_empty()).then(|| rounded(findings as f64 / minutes.len() as f64, 1)),
        median_minutes: stats::median(&mut minutes).map(|median| rounded(median, 1)),
        median_minutes_typed: stats::median(&mut typed).map(|median| rounded(median, 1)),
    }
}

fn incident_judgement(incident: &LabelledIncident, hits: &[Hit<'_>]) -> IncidentJudgement {
    IncidentJudgement {
        kind: incident.kind.clone(),
        subtype: incident.subtype.clone(),
        intensity: incident.intensity.clone(),
        detected: !hits.is_empty(),
        typed: hits.iter().any(|hit| hit.typed),
        located: hits.iter().any(|hit| hit.located),
        findings: hits.len(),
        minutes: minutes(incident, hits, |_| true).map(|minutes| rounded(minutes, 1)),
        kinds: hits.iter().map(|hit| hit.finding.kind.clone()).collect(),
    }
}

/// Minutes from the beginning of an incident to the first of the findings that count.
fn minutes(incident: &LabelledIncident, hits: &[Hit<'_>], counts: impl Fn(&Hit<'_>) -> bool) -> Option<f64> {
    let first = hits.iter().filter(|hit| counts(hit)).map(|hit| hit.finding.time).reduce(f64::min)?;
    Some((first - incident.start).max(0.0) / 60.0)
}

/// Rounded to so many decimal places, a tie to the even digit, as the exact value of the number has it. Scaling by a
/// power of ten would round twice.
fn rounded(value: f64, places: usize) -> f64 {
    format!("{value:.places$}").parse().unwrap_or(value)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_of_the_exact_value_and_ties_go_to_the_even_digit() {
        let rounds = [(0.25, 0.2), (0.75, 0.8), (0.35, 0.3), (1.05, 1.1), (2.675, 2.7), (-0.25, -0.2), (1e300, 1e300)];
        for (value, expected) in rounds {
            assert_eq!(rounded(value, 1), expected, "{value}");
        }
        assert_eq!((rounded(2.675, 2), rounded(0.125, 2)), (2.67, 0.12));
    }
}
