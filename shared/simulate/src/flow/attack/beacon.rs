//! Beacons: something calls home, at intervals of a minute to an hour, with jitter of nothing to half of one.

use super::builder::AttackBuilder;

fn beacon(attack: &mut AttackBuilder<'_>, interval: i64, jitter: f64, port: u16, varied: bool) {
    let (from, to) = (attack.infected(), attack.attacker());
    // As many calls as make a rhythm: at least twelve, for at least six hours.
    let hours = (16 * interval / 3600).clamp(6, 18);
    let (start, length) = attack.when(hours * 60);
    let mut at = start;
    while at < start + length {
        let (sigma, answer) = if varied { (0.8, 3_000.0) } else { (0.05, 300.0) };
        let payload = (attack.stream.log_normal(450.0, sigma) as u64, attack.stream.log_normal(answer, sigma) as u64);
        let last = attack.stream.between(80, 600);
        attack.tcp(at, last, (from, to), port, payload);
        let swing = jitter * (2.0 * attack.stream.unit() - 1.0);
        at += ((interval * 1000) as f64 * (1.0 + swing)) as i64;
    }
    attack.subtype(format!("{interval}s-{:.0}%", 100.0 * jitter));
    attack.plan.accept = &["malware-c2"];
}

/// Over HTTPS, the same few bytes every time.
pub(super) fn https(attack: &mut AttackBuilder<'_>) {
    let (interval, jitter) = attack.level([(3_600, 0.5), (1_800, 0.3), (900, 0.2), (300, 0.1), (60, 0.0)]);
    beacon(attack, interval, jitter, 443, false);
}

/// With payloads of very different sizes, on another port of the web.
pub(super) fn varied(attack: &mut AttackBuilder<'_>) {
    let (interval, jitter) = attack.level([(2_700, 0.4), (1_200, 0.3), (600, 0.25), (120, 0.2), (60, 0.05)]);
    let port = attack.stream.pick(&[80, 8080, 8443]).copied().unwrap_or(80);
    beacon(attack, interval, jitter, port, true);
}
