//! `connection-burst`: a host begins, or receives, far more flows of a service than it ever does.
//!
//! Compared with the service's own habit, and only conversations that were answered: what fails is a scan or a flood.

use std::collections::{BTreeMap, BTreeSet};

use weir_domain::aggregate::{Role, Service};
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence};

/// Flows of one service begun by a host in a window of five minutes: two every three seconds.
pub const BEGUN: f64 = 200.0;
/// The same where it is that many times the baseline of a single client: one every three seconds.
pub const OPENED_FAR_ABOVE_BASELINE: f64 = 100.0;
/// Flows of one service begun towards a host by hosts that are not monitored. A service has peaks.
pub const RECEIVED: f64 = 2_000.0;
/// Minimum factor over the baseline, to the next power of two: a peak of the day or a deployment is rarely more than that.
pub const TIMES_BASELINE: f64 = 4.0;
/// Minimum factor over the baseline where that is little, and between two hosts: one of a service's clients among many varies
/// more.
pub const TIMES_BASELINE_OF_A_PAIR: f64 = 8.0;
/// How many times the floor where the host has no baseline.
const TIMES_FLOOR_WITHOUT_BASELINE: f64 = 10.0;

/// Looks at a host's window; what it finds is no longer left to explain.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Option<(Subject, Hit)> {
    let (verdict, lines) =
        [Role::Initiator, Role::Responder].into_iter().find_map(|role| burst(traffic, known, role))?;
    traffic.explain(&lines);
    Some(verdict.hit(traffic.host, context, &lines))
}

/// How far some flows are over the lower floor and the higher multiple of the baseline.
fn over_far(flows: f64, usual: f64) -> f64 {
    flows / (TIMES_BASELINE_OF_A_PAIR * usual).max(OPENED_FAR_ABOVE_BASELINE)
}

fn burst<'a>(traffic: &Traffic<'a>, known: &BaselineView<'_>, role: Role) -> Option<(Verdict, Vec<Line<'a>>)> {
    let outbound = role == Role::Initiator;
    let lines = if outbound { &traffic.begun } else { &traffic.served };
    let mut services: BTreeMap<Service, Vec<Line<'a>>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.key.service.port > 0 && line.pair.answered()) {
        // What one of ours begins is reported as its own.
        if outbound || !traffic.is_own(line.key.peer) {
            services.entry(line.key.service).or_default().push(*line);
        }
    }
    let unknown = if known.host.is_none() { TIMES_FLOOR_WITHOUT_BASELINE } else { 1.0 };
    let floor = unknown * if outbound { BEGUN } else { RECEIVED };
    let scale = traffic.sampling(role);
    let bursts = services.into_iter().filter_map(|(service, lines)| {
        let flows = lines.iter().map(|line| line.totals().opening_rows).sum::<u64>() as f64 * scale;
        let habit = if outbound { known.begins(service) } else { known.serves(service) };
        let usual = known.usual(habit.map(|habit| &habit.flows));
        // A role that several others have: a host that takes it up begins what they do.
        let role = flows >= OPENED_FAR_ABOVE_BASELINE
            && lines.iter().all(|line| known.others(&line.key) >= 2 && known.pair(&line.key).is_none());
        let of_others = |line: &Line<'_>| known.typical_of_others(&line.key, |pair| &pair.flows);
        let usual = if role { usual.max(lines.iter().map(of_others).sum()) } else { usual };
        let far_above = if outbound { over_far(flows, usual) / unknown } else { 0.0 };
        let over = (flows / (TIMES_BASELINE * usual).max(floor)).max(far_above);
        if over >= 1.0 {
            return Some((service, flows, usual, over, lines));
        }
        // A burst between two hosts drowns in the baseline of the service.
        let (line, flows) = lines
            .iter()
            .map(|line| (*line, line.totals().opening_rows as f64))
            .max_by(|(a, x), (b, y)| x.total_cmp(y).then(b.key.cmp(&a.key)))?;
        let usual = if outbound {
            // Whom it is new to is as any other host the service is asked of.
            let each = usual / known.usual(habit.map(|habit| &habit.peers)).max(1.0);
            known.pair(&line.key).map_or(each, |pair| known.usual(Some(&pair.flows)))
        } else {
            known.usual(habit.map(|habit| &habit.max_peer_flows))
        };
        let over = over_far(flows, usual);
        (habit.is_some() && over >= 1.0).then(|| (service, flows, usual, over, vec![line]))
    });
    let (service, flows, usual, over, lines) = bursts.max_by(|a, b| a.3.total_cmp(&b.3).then(b.0.cmp(&a.0)))?;
    let peers = lines.iter().map(|line| line.key.peer).collect::<BTreeSet<_>>().len();
    let verdict = Verdict {
        kind: Kind::ConnectionBurst,
        peer: None,
        severity: severity(over),
        confidence: confidence(over, 60, 90),
        facts: Facts::ConnectionBurst {
            flows: flows.round() as u64,
            outbound,
            peers: (peers as f64 * scale).round() as u64,
            protocol: service.protocol,
            port: service.port,
            usual_flows: usual,
        },
    };
    Some((verdict, lines))
}

/// Medium: a broken client does so as well as an intruder. High from ten times the threshold, where a service suffers.
fn severity(over: f64) -> Severity {
    if over >= 10.0 { Severity::High } else { Severity::Medium }
}
