//! Exfiltration: data goes where it should not, at once or drop by drop.

use super::builder::{AttackBuilder, volume};
use crate::flow::address;
use crate::flow::conversation::Endpoint;
use crate::flow::network::Tier;

const HOLDERS: [Tier; 3] = [Tier::Database, Tier::App, Tier::Worker];

/// Gigabytes in minutes, to somebody new.
pub(super) fn fast(attack: &mut AttackBuilder<'_>) {
    let (from, to) = (attack.host(&HOLDERS), attack.attacker());
    let (bytes, minutes) = attack.level([
        (600_000_000_u64, 30),
        (1_500_000_000, 25),
        (4_000_000_000, 20),
        (10_000_000_000, 15),
        (30_000_000_000, 15),
    ]);
    let port = attack.stream.pick(&[443, 22, 8443]).copied().unwrap_or(443);
    let parts = attack.stream.between(1, 6);
    let (start, length) = attack.when(minutes);
    for part in 0..parts {
        let at = start + part * length / parts;
        let share = bytes / parts as u64;
        attack.tcp(at, length / parts - 2_000, (from, to), port, (share, share / 400));
    }
    attack.plan.accept = &["unknown-peer"];
    attack.plan.note = format!("{} in {minutes} min", volume(bytes));
}

/// Some megabytes an hour for most of a day, to somebody new.
pub(super) fn slow(attack: &mut AttackBuilder<'_>) {
    let (from, to) = (attack.host(&HOLDERS), attack.attacker());
    let (an_hour, hours) = attack.level([(20_u64, 16_i64), (50, 14), (100, 12), (200, 10), (400, 8)]);
    let bytes = an_hour * hours as u64 * 1_000_000;
    let when = attack.when(hours * 60);
    let port = attack.stream.pick(&[443, 22]).copied().unwrap_or(443);
    let parts = 8 * hours as u64;
    for at in attack.spread((when.0, when.1 - 120_000), parts) {
        let share = (bytes as f64 / parts as f64 * (0.5 + attack.stream.unit())) as u64;
        let length = attack.stream.between(5_000, 90_000);
        attack.tcp(at, length, (from, to), port, (share, share / 300));
    }
    attack.subtype(format!("slow-{an_hour}MB/h"));
    attack.plan.accept = &["unknown-peer", "beacon"];
    attack.plan.note = format!("{} in {hours} h", volume(bytes));
}

/// Gigabytes to the storage service that everybody uses: somebody else's bucket looks like one's own.
pub(super) fn storage(attack: &mut AttackBuilder<'_>) {
    let (from, to) = (attack.host(&[Tier::Web, Tier::App]), Endpoint::external(address::STORAGE));
    let (bytes, minutes) = attack.level([
        (800_000_000_u64, 60),
        (2_000_000_000, 40),
        (5_000_000_000, 30),
        (15_000_000_000, 30),
        (40_000_000_000, 30),
    ]);
    let (start, length) = attack.when(minutes);
    let parts = 8;
    for part in 0..parts {
        let share = bytes / parts as u64;
        attack.tcp(start + part * length / parts, length / parts - 1_000, (from, to), 443, (share, share / 500));
    }
    attack.plan.note = format!("{} in {minutes} min, to a service that everybody uses", volume(bytes));
}
