//! Exfiltration: data goes where it should not, at once or drop by drop.

use super::{Plot, volume};
use crate::flow::address;
use crate::flow::conversation::Party;
use crate::flow::network::Tier;

const HOLDERS: [Tier; 3] = [Tier::Database, Tier::App, Tier::Worker];

/// Gigabytes in minutes, to somebody new.
pub(super) fn fast(plot: &mut Plot<'_>) {
    let (from, to) = (plot.host(&HOLDERS), plot.attacker());
    let (bytes, minutes) = plot.level([
        (600_000_000_u64, 30),
        (1_500_000_000, 25),
        (4_000_000_000, 20),
        (10_000_000_000, 15),
        (30_000_000_000, 15),
    ]);
    let port = plot.stream.pick(&[443, 22, 8443]).copied().unwrap_or(443);
    let parts = plot.stream.between(1, 6);
    let (start, length) = plot.when(minutes);
    for part in 0..parts {
        let at = start + part * length / parts;
        let share = bytes / parts as u64;
        plot.tcp(at, length / parts - 2_000, (from, to), port, (share, share / 400));
    }
    plot.plan.accept = &["unknown-peer"];
    plot.plan.note = format!("{} in {minutes} min", volume(bytes));
}

/// Some megabytes an hour for most of a day, to somebody new.
pub(super) fn slow(plot: &mut Plot<'_>) {
    let (from, to) = (plot.host(&HOLDERS), plot.attacker());
    let (an_hour, hours) = plot.level([(20_u64, 16_i64), (50, 14), (100, 12), (200, 10), (400, 8)]);
    let bytes = an_hour * hours as u64 * 1_000_000;
    let when = plot.when(hours * 60);
    let port = plot.stream.pick(&[443, 22]).copied().unwrap_or(443);
    let parts = 8 * hours as u64;
    for at in plot.spread((when.0, when.1 - 120_000), parts) {
        let share = (bytes as f64 / parts as f64 * (0.5 + plot.stream.unit())) as u64;
        let length = plot.stream.between(5_000, 90_000);
        plot.tcp(at, length, (from, to), port, (share, share / 300));
    }
    plot.subtype(format!("slow-{an_hour}MB/h"));
    plot.plan.accept = &["unknown-peer", "beacon"];
    plot.plan.note = format!("{} in {hours} h", volume(bytes));
}

/// Gigabytes to the storage service that everybody uses: somebody else's bucket looks like one's own.
pub(super) fn storage(plot: &mut Plot<'_>) {
    let (from, to) = (plot.host(&[Tier::Web, Tier::App]), Party::nobody(address::STORAGE));
    let (bytes, minutes) = plot.level([
        (800_000_000_u64, 60),
        (2_000_000_000, 40),
        (5_000_000_000, 30),
        (15_000_000_000, 30),
        (40_000_000_000, 30),
    ]);
    let (start, length) = plot.when(minutes);
    let parts = 8;
    for part in 0..parts {
        let share = bytes / parts as u64;
        plot.tcp(start + part * length / parts, length / parts - 1_000, (from, to), 443, (share, share / 500));
    }
    plot.plan.note = format!("{} in {minutes} min, to a service that everybody uses", volume(bytes));
}
