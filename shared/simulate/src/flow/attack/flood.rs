//! Denial of service: floods that come in, and floods that one of ours takes part in.

use super::builder::AttackBuilder;
use crate::flow::conversation::{Conversation, Endpoint, ICMP, Outcome, TCP, UDP, Volume};
use crate::flow::network::Tier;

/// SYNs from many sources, which a load balancer answers and nobody completes.
pub(super) fn syn(attack: &mut AttackBuilder<'_>) {
    let target = attack.host(&[Tier::LoadBalancer]);
    let (sources, minutes) = attack.level([(150, 15), (400, 10), (1_200, 8), (4_000, 6), (12_000, 5)]);
    let when = attack.when(minutes);
    for at in attack.spread(when, sources) {
        let from = attack.source();
        let port = attack.stream.between(1_024, 65_535) as u16;
        let tries = attack.stream.between(1, 3) as u64;
        let mut conversation = Conversation::attempt(at, from, target, (port, 443), Outcome::Unanswered, tries);
        // SYN-ACK, sent again and again. There is no FIN: `Aborted` would be a RST of the source, which never existed.
        conversation.received = Volume { packets: tries + 2, bytes: 60 * (tries + 2) };
        conversation.end = conversation.end.max(at + 7_000);
        attack.add(conversation);
    }
    inbound(attack, &["connection-burst"]);
    attack.plan.note = format!("{sources} sources in {minutes} min");
}

/// Datagrams to any port, from some dozens of infected machines, stopped at the edge.
pub(super) fn udp(attack: &mut AttackBuilder<'_>) {
    let target = attack.host(&[Tier::LoadBalancer, Tier::Bastion, Tier::DesktopGateway]);
    let (sources, packets, minutes) =
        attack.level([(20, 8_000, 10), (40, 20_000, 8), (80, 60_000, 8), (150, 150_000, 6), (300, 400_000, 5)]);
    let when = attack.when(minutes);
    for _ in 0..sources {
        let from = attack.source();
        let ports = (attack.stream.between(1_024, 65_535) as u16, attack.stream.between(1, 65_535) as u16);
        let at = when.0 + attack.stream.between(0, when.1 / 4);
        let sent = Volume { packets, bytes: packets * attack.stream.between(60, 1_200) as u64 };
        let length = when.0 + when.1 - at;
        let conversation =
            Conversation::datagrams(at, length, (from, target), (UDP, ports.0, ports.1), sent, Volume::default());
        attack.add(conversation.ending(Outcome::Rejected));
    }
    inbound(attack, &["connection-burst"]);
    attack.plan.note = format!("{sources} sources, {packets} packets each");
}

/// Answers to questions that nobody asked, from servers that were asked in the target's name.
pub(super) fn amplification(attack: &mut AttackBuilder<'_>) {
    let target = attack.host(&[Tier::LoadBalancer]);
    let (name, port, size) = attack
        .stream
        .pick(&[("dns", 53_u16, 3_000_u64), ("ntp", 123, 440), ("memcached", 11_211, 1_400), ("ldap", 389, 1_500)])
        .copied()
        .unwrap_or(("dns", 53, 3_000));
    let (reflectors, packets, minutes) =
        attack.level([(30, 400, 10), (80, 800, 8), (200, 2_000, 6), (500, 5_000, 6), (1_500, 10_000, 5)]);
    let when = attack.when(minutes);
    let own = attack.stream.between(1_024, 65_535) as u16;
    for at in attack.spread((when.0, when.1 / 3), reflectors) {
        let from = attack.source();
        let sent = Volume { packets, bytes: packets * size };
        let length = when.0 + when.1 - at;
        let conversation =
            Conversation::datagrams(at, length, (from, target), (UDP, port, own), sent, Volume::default());
        attack.add(conversation.ending(Outcome::Rejected));
    }
    attack.subtype(format!("udp-amplification-{name}"));
    inbound(attack, &[]);
    attack.plan.note =
        format!("{reflectors} reflectors, {} in all", super::builder::volume(reflectors * packets * size));
}

fn inbound(attack: &mut AttackBuilder<'_>, accept: &'static [&'static str]) {
    attack.plan.accept = accept;
    attack.plan.direction = Some("inbound");
}

/// One of ours floods somebody: SYNs, datagrams or echo requests.
pub(super) fn outbound(attack: &mut AttackBuilder<'_>) {
    let (from, target) = (attack.infected(), attack.attacker());
    let (packets, minutes) = attack.level([(30_000, 10), (80_000, 8), (250_000, 5), (800_000, 5), (3_000_000, 5)]);
    let way = attack.stream.pick(&["syn", "udp", "icmp"]).copied().unwrap_or("udp");
    let when = attack.when(minutes);
    let parts = if way == "icmp" { 1 } else { 40 };
    for _ in 0..parts {
        let own = attack.stream.ephemeral_port();
        let sent = |size: u64| Volume { packets: packets / parts, bytes: packets / parts * size };
        let none = Volume::default();
        let ends: (Endpoint, Endpoint) = (from, target);
        let conversation = match way {
            "syn" => Conversation::datagrams(when.0, when.1, ends, (TCP, own, 443), sent(60), none),
            "udp" => Conversation::datagrams(when.0, when.1, ends, (UDP, own, 443), sent(1_050), none),
            _ => Conversation::datagrams(when.0, when.1, ends, (ICMP, 0, 0), sent(1_028), none),
        };
        attack.add(conversation);
    }
    attack.subtype(format!("outbound-{way}"));
    attack.plan.accept = &["connection-burst"];
    attack.plan.direction = Some("outbound");
    attack.plan.note = format!("{packets} packets in {minutes} min");
}
