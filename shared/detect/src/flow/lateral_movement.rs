//! `lateral-movement`: a host reaches others inside on the ports of administration, where it never did.
//!
//! New ways inside are typical for who administers (a bastion, a configuration server) and for a host that takes up a role
//! others have already. So: the pair is new, for a host in the baseline; hosts like it do not go there; and the host is no
//! habitual administrator over that service, unless it reaches many at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use weir_domain::aggregate::{Service, is_private};
use weir_domain::baseline::PairProfile;
use weir_domain::finding::{Facts, Hit, Kind, Severity, Subject};
use weir_domain::flow::TCP;
use weir_domain::time::HOUR_SECONDS;

use super::baseline_view::BaselineView;
use super::context::WindowContext;
use super::traffic::{Line, Traffic, Verdict, confidence, header_only};

/// Ports of administration: SSH, telnet, RPC, `NetBIOS` and SMB, RDP, VNC, `WinRM`, Docker and the kubelet.
const ADMINISTRATION: [u16; 14] = [22, 23, 135, 139, 445, 2375, 2376, 3389, 5900, 5901, 5985, 5986, 6443, 10250];
/// Hosts that already go somewhere, which make it a role.
pub const ROLE: usize = 2;
/// Hosts that a host is known to reach over a service that make it an administrator.
pub const ADMINISTRATOR: usize = 5;
/// New hosts, or half of those it is known to reach, that are remarkable for an administrator, too.
pub const MANY: usize = 10;

/// Looks at a host's window; what it finds is no longer left to explain.
pub(super) fn detect(
    traffic: &mut Traffic<'_>,
    known: &BaselineView<'_>,
    context: &WindowContext<'_>,
) -> Option<(Subject, Hit)> {
    if !known.is_established_host() {
        return None;
    }
    let mut services: BTreeMap<Service, Vec<Line<'_>>> = BTreeMap::new();
    for line in traffic.begun.iter().filter(|line| is_new_way(line, traffic, known)) {
        services.entry(line.key.service).or_default().push(*line);
    }
    services.retain(|service, lines| {
        let known_hosts = reached(known, *service);
        known_hosts < ADMINISTRATOR || lines.len() >= MANY.max(known_hosts / 2)
    });
    let lines: Vec<Line<'_>> = services.values().flatten().copied().collect();
    let (service, most) = services.iter().max_by_key(|(service, lines)| (lines.len(), std::cmp::Reverse(**service)))?;
    let target = most.iter().min_by_key(|line| (line.pair.span.first, line.key.peer))?.key.peer;
    let targets = lines.iter().map(|line| line.key.peer).collect::<BTreeSet<IpAddr>>().len();
    let verdict = Verdict {
        kind: Kind::LateralMovement,
        peer: None,
        severity: severity(targets),
        confidence: confidence(2.0 * targets as f64 - 1.0, 55, 95),
        facts: Facts::LateralMovement {
            target,
            targets: targets as u64,
            protocol: service.protocol,
            port: service.port,
            attempts: lines.iter().map(|line| line.totals().attempt_rows).sum(),
        },
    };
    traffic.explain(&lines);
    Some(verdict.hit(traffic.host, context, &lines))
}

/// How many hosts it reached over a service in other hours before: O(pairs of the host). Who administers is seen within
/// hours; an intruder who goes on for so long was reported before.
fn reached(known: &BaselineView<'_>, service: Service) -> usize {
    let Some(host) = known.host else { return 0 };
    let older = known.baseline.is_older(known.at);
    let is_established = |pair: &PairProfile| older || pair.seen.first.saturating_add(HOUR_SECONDS) <= known.at;
    host.pairs.iter().filter(|(key, pair)| key.service == service && is_established(pair)).count()
}

/// An internal host that accepts a connection of this host and receives payload from it, for the first time.
fn is_new_way(line: &Line<'_>, traffic: &Traffic<'_>, known: &BaselineView<'_>) -> bool {
    let (key, t) = (&line.key, line.totals());
    key.service.protocol == TCP
        && ADMINISTRATION.contains(&key.service.port)
        && (traffic.is_own(key.peer) || is_private(key.peer))
        && line.pair.answered()
        && t.attempt_rows > 0
        && !header_only(t.packets_sent, t.bytes_sent)
        && known.pair(key).is_none()
        && known.others(key) < ROLE
}

/// Medium: one new way may be an administrator's. High from three: an intruder goes on.
fn severity(targets: usize) -> Severity {
    if targets >= 3 { Severity::High } else { Severity::Medium }
}
