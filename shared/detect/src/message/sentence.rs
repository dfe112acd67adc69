//! Sentences about what one window, or the hours up to it, contained.

use weir_domain::aggregate::is_private;
use weir_domain::finding::{Entity, Facts, Flood};
use weir_domain::text::count;

use super::format::{bytes, service, whose};

/// Who did what to whom, how much, and what is typical. `within` is the duration of the strongest hit, `when` the time of all hits.
pub(super) fn sentence(entity: &Entity, facts: &Facts, within: &str, when: &str) -> String {
    match facts {
        Facts::DenialOfService {
            flood,
            inbound,
            target,
            protocol,
            port,
            sources,
            packets,
            bytes: sent,
            usual_packets,
        } => {
            let amount = format!(
                "{} packets ({}) of {} within {within} {when}",
                count(*packets),
                bytes(*sent as f64),
                flood_of(*flood, *protocol, *port)
            );
            let usual = match plain(*usual_packets).as_str() {
                "0" => "There are typically none.".to_owned(),
                usual => format!("Such a window rarely holds more than {usual}."),
            };
            if *inbound {
                format!("{entity} received {amount} from {}. {usual}", hosts(*sources))
            } else {
                format!("{entity}, one of your hosts, sent {target} {amount}. {usual}")
            }
        }
        Facts::ConnectionBurst { flows, outbound, peers, protocol, port, usual_flows } => {
            let (verb, direction) = if *outbound { ("opened", "to") } else { ("was sent", "from") };
            let usual = match plain(*usual_flows).as_str() {
                "0" => "There are typically none.".to_owned(),
                usual => format!("It rarely exceeds {usual}."),
            };
            format!(
                "{entity} {verb} {} flows within {within} {when}, {direction} {}, mostly on {}. {usual}",
                count(*flows),
                hosts(*peers),
                service(*protocol, *port),
            )
        }
        Facts::Exfiltration { peer, protocol, port, bytes: sent, seconds, usual_bytes, first_contact } => {
            let known = if *first_contact { ", a new peer" } else { "" };
            let usual = if *usual_bytes < 1.0 {
                "There is no such transfer in its baseline.".to_owned()
            } else {
                format!("It rarely sends more than {} to one place in that time.", bytes(*usual_bytes))
            };
            format!(
                "{entity}, one of your hosts, sent {} to {peer} ({}){known} within {} {when}. {usual}",
                bytes(*sent as f64),
                service(*protocol, *port),
                duration(*seconds as f64),
            )
        }
        Facts::Beacon { peer, protocol, port, connections, interval, jitter, bytes: sent, hours, .. } => format!(
            "{entity} connected to {peer} on {} {} times in {hours} different hours {when}, every {} (intervals differ by {:.0} %), \
             each time with about {}. Such regularity is typical of programs that report to a server, not of people.",
            service(*protocol, *port),
            count(*connections),
            duration(*interval),
            jitter * 100.0,
            bytes(*sent)
        ),
        Facts::BruteForce { .. } => tries(entity, facts, within, when),
        Facts::LateralMovement { target, targets, protocol, port, attempts } => {
            let others = and_more(*targets);
            format!(
                "{entity}, one of your hosts, reached {target}{others} on {} ({}) {when}, which it never did before.",
                service(*protocol, *port),
                flows(*attempts)
            )
        }
        Facts::UnknownPeer { .. } => somebody_new(entity, facts, when),
        Facts::UnusualProtocol { peer, protocol, port, packets, bytes: exchanged, tunnel, new_here } => {
            let why = match (*new_here, *tunnel) {
                (true, _) => "None of your hosts used it before.",
                (false, true) => "It carries more data than the protocol is made for, as a tunnel does.",
                (false, false) => "This host never used it before.",
            };
            format!(
                "{entity}, one of your hosts, exchanged {} packets ({}) of {} with {peer} {when}. {why}",
                count(*packets),
                bytes(*exchanged as f64),
                service(*protocol, *port)
            )
        }
        Facts::PortScan { .. }
        | Facts::HostSweep { .. }
        | Facts::Login { .. }
        | Facts::Usage { .. }
        | Facts::RiskWindows { .. }
        | Facts::Behaviour { .. }
        | Facts::UnusualRow { .. } => String::new(),
    }
}

/// A lot with somebody new.
fn somebody_new(entity: &Entity, facts: &Facts, when: &str) -> String {
    let Facts::UnknownPeer { peer, protocol, port, bytes: exchanged, usual_bytes } = facts else {
        return String::new();
    };
    let usual = if is_private(*peer) {
        " over that service before.".to_owned()
    } else if *usual_bytes > 0.0 {
        format!(" before. Typically at most {} are exchanged with a new peer.", bytes(*usual_bytes))
    } else {
        " before, nor with any address in its network.".to_owned()
    };
    format!(
        "{entity}, one of your hosts, exchanged {} with {peer} ({}) {when}, with which none of your hosts communicated{usual}",
        bytes(*exchanged as f64),
        service(*protocol, *port)
    )
}

fn tries(entity: &Entity, facts: &Facts, within: &str, when: &str) -> String {
    match facts {
        Facts::BruteForce { target, protocol, port, attempts, sources: sources @ 2.., usual_attempts, .. } => format!(
            "{} tried {} of {target} {} times together within {within} {when}. {}",
            hosts(*sources),
            service(*protocol, *port),
            count(*attempts),
            rarely_tried(*usual_attempts)
        ),
        Facts::BruteForce { target, targets, protocol, port, attempts, usual_attempts, inside, .. } => {
            let others = and_more(*targets);
            format!(
                "{} tried {} of {target}{others} {} times within {within} {when}. {}",
                whose(entity, *inside),
                service(*protocol, *port),
                count(*attempts),
                rarely_tried(*usual_attempts)
            )
        }
        _ => String::new(),
    }
}

fn rarely_tried(usual: f64) -> String {
    if usual < 1.0 {
        "Typically there are none.".to_owned()
    } else {
        format!("More than {} tries in that time are rare.", plain(usual))
    }
}

fn flood_of(flood: Flood, protocol: u8, port: u16) -> String {
    match flood {
        Flood::Syn => format!("half-open connections (SYN flood) on {}", service(protocol, port)),
        Flood::Amplification => format!("unsolicited responses from {} (amplification)", service(protocol, port)),
        Flood::Udp | Flood::Icmp | Flood::Other => service(protocol, port),
    }
}

fn and_more(targets: u64) -> String {
    match targets.saturating_sub(1) {
        0 => String::new(),
        1 => " and another host".to_owned(),
        n => format!(" and {} other hosts", count(n)),
    }
}

fn flows(n: u64) -> String {
    if n == 1 { "1 flow".to_owned() } else { format!("{} flows", count(n)) }
}

fn hosts(n: u64) -> String {
    if n == 1 { "1 host".to_owned() } else { format!("{} hosts", count(n)) }
}

fn plain(number: f64) -> String {
    count(number.round().max(0.0) as u64)
}

/// `90 seconds`, `5 minutes`, `3.5 hours`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.0} seconds")
    } else if seconds < 7200.0 {
        format!("{:.0} minutes", seconds / 60.0)
    } else {
        format!("{:.1} hours", seconds / 3600.0)
    }
}
