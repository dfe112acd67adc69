use std::net::Ipv4Addr;

use super::*;
use crate::flow::Tier;
use crate::flow::conversation::Endpoint;

const MIDNIGHT: i64 = 1_741_046_400_000;

fn network() -> Network {
    Network::new(3, 30, MIDNIGHT / 1000)
}

fn all(network: &Network, conversation: &Conversation, files: i64) -> Vec<(Row, Traffic)> {
    let mut out = Vec::new();
    for file in 0..files {
        rows(network, conversation, MIDNIGHT + file * FILE_MILLIS, &mut out);
    }
    let seen = |row: Row| match row.status {
        Status::Ok(seen) => (row, seen),
        _ => panic!("{row:?}"),
    };
    out.into_iter().map(seen).collect()
}

fn world() -> Endpoint {
    Endpoint::external(IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)))
}

#[test]
fn a_long_conversation_is_cut_by_the_minute_and_nothing_is_lost() {
    let network = network();
    let (a, b) =
        (network.endpoint(network.tier(Tier::Web, 0)[0]), network.endpoint(network.tier(Tier::Database, 0)[0]));
    for (duration, payload) in [(0, 0), (1, 5_000), (59_999, 10), (1_000_000, 77_777_777), (3_599_123, 3)] {
        let conversation = Conversation::tcp(MIDNIGHT + 12_345, duration, a, b, (40_000, 5432), (payload, 2 * payload));
        let rows = all(&network, &conversation, 14);
        for host in [a.host, b.host] {
            for (from, volume, flags) in [(a, conversation.sent, FIN | SYN), (b, conversation.received, FIN | SYN_ACK)]
            {
                let mine: Vec<_> =
                    rows.iter().filter(|(row, seen)| Some(row.host) == host && seen.ends.0 == from.address).collect();
                let sum = |of: fn(&Volume) -> u64| mine.iter().map(|(_, seen)| of(&seen.volume)).sum::<u64>();
                assert_eq!((sum(|v| v.packets), sum(|v| v.bytes)), (volume.packets, volume.bytes), "{conversation:?}");
                assert_eq!(mine.iter().fold(0, |all, (_, seen)| all | seen.flags), flags);
                assert!(mine.iter().all(|(row, _)| row.end - row.start < 60 && row.start >= conversation.start / 1000));
                assert!(mine.iter().all(|(_, seen)| seen.egress == (Some(from.host) == Some(host))));
            }
        }
    }
}

#[test]
fn a_gateway_logs_both_of_its_sides_and_only_its_own_port() {
    let network = network();
    let web = network.endpoint(network.tier(Tier::Web, 0)[0]);
    let rows = all(&network, &Conversation::tcp(MIDNIGHT + 70_000, 900, web, world(), (40_000, 443), (100, 100)), 1);
    let gateway = network.gateway(web, world(), TCP).unwrap();
    let own = network.endpoint(gateway).address;
    let at_gateway: Vec<_> = rows.iter().filter(|(row, _)| row.host == gateway).map(|(_, seen)| seen).collect();
    let (inside, outside) = (web.address, world().address);
    let expected = [
        ((inside, own), (inside, outside), false),
        ((own, inside), (outside, inside), true),
        ((own, outside), (own, outside), true),
        ((outside, own), (outside, own), false),
    ];
    assert_eq!(at_gateway.iter().map(|s| (s.ends, s.packet, s.egress)).collect::<Vec<_>>(), expected);
    assert_eq!((at_gateway[0].ports, at_gateway[1].ports), ((40_000, 443), (443, 40_000)));
    assert_ne!(at_gateway[2].ports.0, 40_000);
    assert_eq!(at_gateway[2].ports.0, at_gateway[3].ports.1);
    assert_eq!(rows.len(), 6, "and two at the host's own");
}

#[test]
fn what_comes_to_nothing_shows_who_stopped_it() {
    let network = network();
    let (a, b) =
        (network.endpoint(network.tier(Tier::Web, 0)[0]), network.endpoint(network.tier(Tier::Database, 0)[0]));
    let attempt = |from, outcome| {
        let conversation = Conversation::attempt(MIDNIGHT + 70_000, from, b, (40_000, 23), outcome, 3);
        all(&network, &conversation, 2)
            .iter()
            .map(|(row, s)| (row.host, s.accepted, s.flags, s.egress, s.volume.packets))
            .collect::<Vec<_>>()
    };
    let (own, other) = (a.host.unwrap(), b.host.unwrap());
    assert_eq!(attempt(a, Outcome::Rejected), [(own, true, SYN, true, 3), (other, false, SYN, false, 3)]);
    assert_eq!(attempt(world(), Outcome::Rejected), [(other, false, SYN, false, 3)]);
    assert_eq!(
        attempt(a, Outcome::Refused),
        [
            (own, true, SYN, true, 1),
            (own, true, RST, false, 1),
            (other, true, SYN, false, 1),
            (other, true, RST, true, 1)
        ]
    );
}

#[test]
fn idle_interfaces_say_so_and_busy_ones_do_not() {
    let network = network();
    let mut none = Vec::new();
    for file in 0..40 {
        finish(&network, 1, MIDNIGHT + file * FILE_MILLIS, &mut none);
    }
    let idle = none.iter().filter(|row| row.status == Status::NoData).count();
    assert!((400..800).contains(&idle), "a tenth of 40 × 5 minutes at 30 interfaces: {idle}");

    let (a, b) = (network.endpoint(0), network.endpoint(1));
    let conversation = Conversation::tcp(MIDNIGHT - 100_000, 40 * FILE_MILLIS, a, b, (40_000, 1), (1 << 30, 1 << 30));
    let mut some = Vec::new();
    for file in 0..30 {
        let mut of_file = Vec::new();
        rows(&network, &conversation, MIDNIGHT + file * FILE_MILLIS, &mut of_file);
        assert_eq!(of_file.len(), 2 * 2 * 5, "five minutes of each of two interfaces, both ways");
        finish(&network, 1, MIDNIGHT + file * FILE_MILLIS, &mut of_file);
        some.extend(of_file);
    }
    assert!(some.iter().all(|row| row.host > 1 || row.status != Status::NoData));
}
