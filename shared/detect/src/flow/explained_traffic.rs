//! What of the learned detection's findings is left once the other detections and the baseline were asked.
//!
//! Few findings, each with one name: a window of a host that a typed detection reports is not reported as unlike before,
//! nor is what a scanner does to its victims, nor what a gateway does for its clients, nor what the host did before.

use std::collections::BTreeSet;
use std::net::IpAddr;

use weir_domain::aggregate::HostWindows;
use weir_domain::baseline::{Baseline, HostBaseline, Log2Histogram, host_name};
use weir_domain::finding::{Facts, Hit, Kind, Reason, Severity, Subject};

use super::{WindowContext, host_sweep, port_scan};

/// Features of what may be done to a host rather than by it.
const SUFFERED: [&str; 7] = [
    "flows_served",
    "peers_served",
    "services_served",
    "payload_served",
    "packets_unasked",
    "rejected",
    "largest_flows",
];
/// How many times what the host did before, to the next power of two, is unlike before.
const TIMES_BEFORE: f64 = 2.0;

/// The hosts whose window is explained by what was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExplainedTraffic {
    /// Those who act in something that matters, and gateways that pass it on or do little else.
    acting: BTreeSet<IpAddr>,
    /// Those it is done to.
    suffering: BTreeSet<IpAddr>,
}

impl ExplainedTraffic {
    /// From what [`detect_whole_windows`](super::detect_whole_windows) found in a window, and the scans in it.
    #[must_use]
    pub fn new(hosts: &HostWindows<'_>, context: &WindowContext<'_>, known: &[(Subject, Hit)]) -> Self {
        let mut explained = Self::default();
        for (subject, hit) in known {
            explained.take(subject, hit);
        }
        for host in hosts.iter() {
            let scans = [port_scan::detect(host, context), host_sweep::detect(host, context)];
            scans.iter().flatten().for_each(|(subject, hit)| explained.take(subject, hit));
        }
        for host in hosts.iter() {
            let mostly = host.forwarded_pairs() > 0 && 2 * host.forwarded_pairs() >= host.initiator.pairs().len();
            if mostly || host.clients().iter().any(|client| explained.acting.contains(client)) {
                explained.acting.insert(host.host);
            }
        }
        explained
    }

    fn take(&mut self, subject: &Subject, hit: &Hit) {
        let victim = matches!(hit.facts, Facts::DenialOfService { inbound: true, .. })
            || matches!(hit.facts, Facts::ConnectionBurst { outbound: false, .. });
        if hit.severity >= Severity::Medium && !victim {
            self.acting.extend(subject.entity.address());
        }
        self.suffering.extend(hit.evidence.traffic().iter().map(|line| line.destination));
    }

    /// Of the hits of the learned detection those that tell something else, with the reasons that do.
    #[must_use]
    pub fn rest(
        &self,
        learned: Vec<(Subject, Hit)>,
        context: &WindowContext<'_>,
        baseline: &Baseline,
    ) -> Vec<(Subject, Hit)> {
        let mut rest = learned;
        rest.retain_mut(|(subject, hit)| {
            if subject.kind != Kind::AnomalousBehaviour {
                return true;
            }
            let Facts::Behaviour { reasons, .. } = &mut hit.facts else { return true };
            let Some(address) = subject.entity.address() else { return true };
            let host = baseline.host(&host_name(context.scope, address));
            reasons.retain(|reason| !host.is_some_and(|host| did_so_before(reason, host, baseline, context.start.0)));
            let suffers = self.suffering.contains(&address)
                && reasons.iter().all(|reason| SUFFERED.contains(&reason.feature.as_str()));
            !self.acting.contains(&address) && !suffers && !reasons.is_empty()
        });
        rest
    }
}

/// Whether the baseline, which forgets less than what a model calls typical, knows as much of the host.
fn did_so_before(reason: &Reason, host: &HostBaseline, baseline: &Baseline, at: i64) -> bool {
    let usual = |spread: &Log2Histogram| baseline.typical(spread, at);
    let before = match reason.feature.as_str() {
        "flows_begun" | "busiest_slot" => usual(&host.initiated.flows),
        "peers_contacted" | "pairs_contacted" => usual(&host.initiated.peers),
        "payload_sent" => usual(&host.initiated.bytes),
        "payload_served" => usual(&host.served.response_bytes),
        "largest_payload" => usual(&host.initiated.bytes).max(usual(&host.served.response_bytes)),
        "flows_served" => usual(&host.served.flows),
        "peers_served" => usual(&host.served.peers),
        _ => return false,
    };
    reason.value < TIMES_BEFORE * before
}
