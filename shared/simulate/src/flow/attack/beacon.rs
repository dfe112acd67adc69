//! Beacons: something calls home, at intervals of a minute to an hour, with jitter of nothing to half of one.

use super::Plot;

fn beacon(plot: &mut Plot<'_>, interval: i64, jitter: f64, port: u16, varied: bool) {
    let (from, to) = (plot.infected(), plot.attacker());
    // As many calls as make a rhythm: at least twelve, for at least six hours.
    let hours = (16 * interval / 3600).clamp(6, 18);
    let (start, length) = plot.when(hours * 60);
    let mut at = start;
    while at < start + length {
        let (sigma, answer) = if varied { (0.8, 3_000.0) } else { (0.05, 300.0) };
        let payload = (plot.stream.log_normal(450.0, sigma) as u64, plot.stream.log_normal(answer, sigma) as u64);
        let last = plot.stream.between(80, 600);
        plot.tcp(at, last, (from, to), port, payload);
        let swing = jitter * (2.0 * plot.stream.unit() - 1.0);
        at += ((interval * 1000) as f64 * (1.0 + swing)) as i64;
    }
    plot.subtype(format!("{interval}s-{:.0}%", 100.0 * jitter));
    plot.plan.accept = &["malware-c2"];
}

/// Over HTTPS, the same few bytes every time.
pub(super) fn https(plot: &mut Plot<'_>) {
    let (interval, jitter) = plot.level([(3_600, 0.5), (1_800, 0.3), (900, 0.2), (300, 0.1), (60, 0.0)]);
    beacon(plot, interval, jitter, 443, false);
}

/// With payloads of very different sizes, on another port of the web.
pub(super) fn varied(plot: &mut Plot<'_>) {
    let (interval, jitter) = plot.level([(2_700, 0.4), (1_200, 0.3), (600, 0.25), (120, 0.2), (60, 0.05)]);
    let port = plot.stream.pick(&[80, 8080, 8443]).copied().unwrap_or(80);
    beacon(plot, interval, jitter, port, true);
}
