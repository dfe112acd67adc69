//! Protocols that nobody uses here, and tunnels through those that everybody does.

use super::builder::{AttackBuilder, SERVERS, volume};
use crate::flow::conversation::{Conversation, ICMP, UDP, Volume};
use crate::flow::network::Tier;

const GRE: u8 = 47;
const SCTP: u8 = 132;

/// Megabytes over a protocol in some minutes, a third as much back; and both ends.
fn tunnel(
    attack: &mut AttackBuilder<'_>,
    ends: (crate::flow::Endpoint, crate::flow::Endpoint),
    service: (u8, u16, u16),
    size: u64,
) {
    let (bytes, minutes) =
        attack.level([(1_000_000_u64, 240), (8_000_000, 120), (40_000_000, 60), (150_000_000, 40), (600_000_000, 30)]);
    let (start, length) = attack.when(minutes);
    let volume_of = |bytes: u64| Volume { packets: bytes / size + 1, bytes };
    attack.add(Conversation::datagrams(start, length, ends, service, volume_of(bytes), volume_of(bytes / 3)));
    attack.plan.accept = &["exfiltration", "unknown-peer"];
    attack.plan.note = format!("{} in {minutes} min", volume(bytes));
}

/// GRE (protocol 47) from a public host: a NAT gateway does not pass it on.
pub(super) fn gre(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.host(&[Tier::Bastion, Tier::DesktopGateway]), attack.attacker());
    tunnel(attack, ends, (GRE, 0, 0), 1_100);
}

/// SCTP (protocol 132) between two of ours.
pub(super) fn sctp(attack: &mut AttackBuilder<'_>) {
    let from = attack.infected();
    let to = attack.other(from, &SERVERS);
    let own = attack.stream.ephemeral_port();
    tunnel(attack, (from, to), (SCTP, own, 3868), 900);
}

/// Data in echo requests, and orders in the answers.
pub(super) fn icmp_tunnel(attack: &mut AttackBuilder<'_>) {
    let ends = (attack.infected(), attack.attacker());
    tunnel(attack, ends, (ICMP, 0, 0), 980);
}

/// Data in the names that a server of the attacker's is asked for.
pub(super) fn dns_tunnel(attack: &mut AttackBuilder<'_>) {
    let (from, to) = (attack.infected(), attack.attacker());
    let (questions, minutes) = attack.level([(300, 360), (800, 240), (2_000, 120), (5_000, 60), (15_000, 40)]);
    let when = attack.when(minutes);
    for at in attack.spread((when.0, when.1 - 1_000), questions) {
        let own = attack.stream.ephemeral_port();
        let volume = |bytes: i64| Volume { packets: 1, bytes: bytes as u64 };
        let (asked, answered) = (attack.stream.between(180, 255), attack.stream.between(150, 480));
        attack.add(Conversation::datagrams(at, 40, (from, to), (UDP, own, 53), volume(asked), volume(answered)));
    }
    attack.plan.accept = &["exfiltration", "unknown-peer", "beacon", "malware-c2"];
    attack.plan.note = format!("{questions} questions in {minutes} min");
}
