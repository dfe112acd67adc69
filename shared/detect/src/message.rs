//! Titles and messages of findings: who did what to whom, how much, and what is typical.

mod format;
mod sentence;
mod series;

use std::collections::BTreeMap;

use weir_domain::finding::{Entity, Evidence, Facts, Hit, Incident, Reason, Reference};
use weir_domain::text::count;
use weir_domain::window::{utc_clock, utc_day};

use format::{percent, quantity, rarity, whose};

pub use format::{bytes, service};

/// The title of a finding: what was found, and about whom.
#[must_use]
pub fn title(entity: &Entity, incident: &Incident) -> String {
    match incident.hits.values().next().map(|h| &h.facts) {
        Some(Facts::PortScan { .. }) => format!("Port scan by {entity}"),
        Some(Facts::HostSweep { .. }) => format!("Host sweep by {entity}"),
        Some(Facts::DenialOfService { inbound: true, .. }) => format!("{entity} is flooded"),
        Some(Facts::DenialOfService { target, .. }) => format!("{entity} floods {target}"),
        Some(Facts::ConnectionBurst { outbound: true, .. }) => format!("Burst of connections by {entity}"),
        Some(Facts::ConnectionBurst { .. }) => format!("Burst of connections to {entity}"),
        Some(Facts::Exfiltration { peer, .. }) => format!("{entity} sends a large amount of data to {peer}"),
        Some(Facts::Beacon { peer, .. }) => format!("{entity} beacons to {peer}"),
        Some(Facts::BruteForce { target, protocol, port, sources: 2.., .. }) => {
            format!("Brute force by many hosts at {} of {target}", service(*protocol, *port))
        }
        Some(Facts::BruteForce { target, protocol, port, .. }) => {
            format!("Brute force by {entity} at {} of {target}", service(*protocol, *port))
        }
        Some(Facts::LateralMovement { protocol, port, .. }) => {
            format!("{entity} reaches hosts on {} for the first time", service(*protocol, *port))
        }
        Some(Facts::UnknownPeer { peer, .. }) => {
            format!("{entity} exchanges a large amount of data with the new peer {peer}")
        }
        Some(Facts::UnusualProtocol { protocol, port, .. }) => {
            format!("{entity} uses {}, unusual for it", service(*protocol, *port))
        }
        Some(Facts::UnusualRow { .. }) => format!("{entity} behaves unlike all others"),
        Some(Facts::Login { title, .. }) => title.clone(),
        Some(Facts::Usage { kind, .. }) => series::title(entity, *kind),
        Some(Facts::RiskWindows { .. }) => format!("High-risk hours of {entity}"),
        Some(Facts::Behaviour { .. }) => format!("{entity} behaves unlike its baseline"),
        None => format!("Closed finding about {entity}"),
    }
}

/// The message over all windows of an incident.
#[must_use]
pub fn message(entity: &Entity, incident: &Incident) -> String {
    // The strongest window stands for what cannot be added up.
    let Some(peak) = incident.hits.values().max_by_key(|h| (strength(&h.facts), std::cmp::Reverse(h.window))) else {
        return format!("Nothing is left of this finding about {entity}: its windows belong to an older one.");
    };
    let when = when(incident);
    let [attempts, failed, rejected] = totals(incident);
    let sentence = match &peak.facts {
        Facts::PortScan { target, targets, ports, inside, .. } => {
            let others = match targets.saturating_sub(1) {
                0 => String::new(),
                1 => " (and another host)".to_owned(),
                n => format!(" (and {} other hosts)", count(n)),
            };
            format!(
                "{} tried up to {} ports of {target}{others} within {} {when}: {} attempts in all, {}. A client \
                 rarely fails on more than a few ports of one host.",
                whose(entity, *inside),
                count(*ports),
                within(peak),
                count(attempts),
                outcome(failed, rejected)
            )
        }
        Facts::HostSweep { protocol, port, hosts, services, inside, .. } => {
            let others = match services.saturating_sub(1) {
                0 => String::new(),
                1 => " (and another port)".to_owned(),
                n => format!(" (and {} other ports)", count(n)),
            };
            format!(
                "{} tried {}{others} on up to {} hosts within {} {when}: {} attempts in all, {}. A client rarely \
                 fails on more than a few hosts at one port.",
                whose(entity, *inside),
                service(*protocol, *port),
                count(*hosts),
                within(peak),
                count(attempts),
                outcome(failed, rejected)
            )
        }
        facts @ (Facts::DenialOfService { .. }
        | Facts::ConnectionBurst { .. }
        | Facts::Exfiltration { .. }
        | Facts::Beacon { .. }
        | Facts::BruteForce { .. }
        | Facts::LateralMovement { .. }
        | Facts::UnknownPeer { .. }
        | Facts::UnusualProtocol { .. }) => sentence::sentence(entity, facts, &within(peak), &when),
        Facts::UnusualRow { reasons, p_value, .. } => {
            let (what, share) = (reasons.join("; "), percent(*p_value));
            format!(
                "{entity} behaved unlike all others {when}: {what}. Fewer than {share} of normal rows are as unusual."
            )
        }
        Facts::Login { sentence, .. } => sentence.clone(),
        facts @ Facts::Usage { .. } => series::sentence(entity, facts, &when),
        Facts::RiskWindows { clock, windows } => series::risks(entity, clock, windows),
        Facts::Behaviour { reasons, p_value, .. } => {
            let what: Vec<_> = reasons.iter().map(reason).collect();
            format!(
                "{entity} behaved unlike its baseline {when}. In {}: {}. {}{}",
                within(peak),
                what.join("; "),
                partners(peak.evidence.traffic()),
                rarity(*p_value)
            )
        }
    };
    if incident.closed { format!("{sentence} Continued in an older finding.") } else { sentence }
}

fn strength(facts: &Facts) -> u64 {
    match facts {
        Facts::PortScan { failed, .. } => *failed,
        Facts::HostSweep { hosts, .. } => *hosts,
        Facts::DenialOfService { packets, .. } | Facts::UnusualProtocol { packets, .. } => *packets,
        Facts::ConnectionBurst { flows, .. } => *flows,
        Facts::Exfiltration { bytes, .. } | Facts::UnknownPeer { bytes, .. } => *bytes,
        Facts::Beacon { connections, .. } => *connections,
        Facts::BruteForce { attempts, .. } => *attempts,
        Facts::LateralMovement { targets, .. } => *targets,
        Facts::Login { logins, .. } => *logins,
        // The least typical, and of equal ones the farthest off.
        Facts::Usage { rarity, effect, .. } => (rarity * 1e9) as u64 + effect.min(1e6) as u64,
        Facts::RiskWindows { windows, .. } => windows.first().map_or(0, |window| (window.confidence() * 1e9) as u64),
        // Scores are in (0, 1]; the strongest is the most anomalous.
        Facts::Behaviour { score, .. } | Facts::UnusualRow { score, .. } => (score * 1e9) as u64,
    }
}

/// Attempts, failed contacts and rejected contacts over all windows. Hits of long windows count the same hours repeatedly: the largest
/// one stands for all of them.
fn totals(incident: &Incident) -> [u64; 3] {
    let counts = |hit: &Hit| match hit.facts {
        Facts::PortScan { attempts, failed, rejected, .. } | Facts::HostSweep { attempts, failed, rejected, .. } => {
            [attempts, failed, rejected]
        }
        _ => [0; 3],
    };
    let (back, windows): (Vec<&Hit>, Vec<&Hit>) = incident.hits.values().partition(|hit| is_long_window(hit));
    let long_window = back.into_iter().map(counts).max().unwrap_or_default();
    windows.into_iter().map(counts).fold(long_window, |sums, of_window| [0, 1, 2].map(|at| sums[at] + of_window[at]))
}

/// The outcome of attempts. A half-open scan fails on a port that answered, so answers are not mentioned.
fn outcome(failed: u64, rejected: u64) -> String {
    if rejected == 0 {
        "none stopped by security groups, all refused, ignored or left half open".to_owned()
    } else if rejected >= failed {
        "all stopped by security groups".to_owned()
    } else {
        format!(
            "{} of {} stopped by security groups, the rest refused, ignored or left half open",
            count(rejected),
            count(failed)
        )
    }
}

/// The duration that the counts of a hit refer to: its window, or the hours up to it.
fn within(hit: &Hit) -> String {
    if is_long_window(hit) {
        sentence::duration((hit.last_seen - hit.first_seen) as f64)
    } else {
        format!("{} minutes", (hit.window_end - hit.window.0) / 60)
    }
}

/// Whether a hit is of a long window: it was first seen before its window.
fn is_long_window(hit: &Hit) -> bool {
    hit.first_seen < hit.window.0
}

/// `on 2018-12-21 between 14:05 and 14:20 UTC`.
fn when(incident: &Incident) -> String {
    let first = incident.hits.values().map(|h| h.first_seen).min().unwrap_or_default();
    let last = incident.hits.values().map(|h| h.last_seen).max().unwrap_or_default();
    match (utc_day(first), utc_day(last)) {
        (a, b) if a != b => format!("from {a} {} to {b} {} UTC", utc_clock(first), utc_clock(last)),
        (day, _) if utc_clock(first) == utc_clock(last) => format!("on {day} at {} UTC", utc_clock(first)),
        (day, _) => format!("on {day} between {} and {} UTC", utc_clock(first), utc_clock(last)),
    }
}

fn reason(reason: &Reason) -> String {
    let usually = match reason.reference {
        Reference::Itself => "typically",
        Reference::AllHosts => "typically, over all hosts,",
    };
    let (usual, high) = (quantity(reason.usual, &reason.unit), quantity(reason.usual_high, &reason.unit));
    let usual = match reason.unit.as_str() {
        "" if usual == "0" && high == "0" => format!("{usually} none"),
        "" if usual == "0" => format!("{usually} none, rarely above {high}"),
        "B" if reason.usual_high < 0.5 => format!("{usually} nothing"),
        _ => format!("{usually} {usual}, rarely above {high}"),
    };
    format!("{} {} ({usual})", quantity(reason.value, &reason.unit), reason.label)
}

/// The peers with most of the traffic.
fn partners(evidence: &[Evidence]) -> String {
    let mut by_peer: BTreeMap<usize, &Evidence> = BTreeMap::new();
    by_peer.extend(evidence.iter().take(2).enumerate());
    let parts: Vec<_> = by_peer
        .values()
        .map(|e| {
            let port = e.ports.first().map_or(0, |p| *p);
            format!(
                "{} on {} ({} flow{}, {} sent, {} received)",
                e.destination,
                service(e.protocol, port),
                count(e.attempts),
                if e.attempts == 1 { "" } else { "s" },
                bytes(e.bytes_out as f64),
                bytes(e.bytes_in as f64)
            )
        })
        .collect();
    if parts.is_empty() { String::new() } else { format!("Mostly with {}. ", parts.join(" and ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_as_people_read_them() {
        assert_eq!((bytes(0.0), bytes(999.6), bytes(1.24e9)), ("0 B".into(), "1.0 kB".into(), "1.2 GB".into()));
        assert_eq!((percent(0.0035), percent(0.02), percent(0.5)), ("0.35 %".into(), "2 %".into(), "50 %".into()));
        assert_eq!(
            (service(6, 22), service(1, 0), service(47, 0), service(200, 0)),
            ("22/tcp".into(), "ICMP".into(), "GRE (47)".into(), "protocol 200".into())
        );
    }
}
