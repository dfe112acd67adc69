//! Times in a time zone, durations, numbers and percentages, formatted for people.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use weir_domain::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS};
use weir_domain::usage::{RiskWindow, WeekShare};
use weir_pipeline::usage::analysis::anomalies::Anomaly;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Formats times in a time zone.
pub(super) struct Clock {
    pub(super) zone: TimeZone,
}

impl Clock {
    /// Weekday, date and minute: `Tue 2025-03-04 14:30`.
    pub(super) fn time(&self, seconds: i64) -> String {
        self.format(seconds, "%a %Y-%m-%d %H:%M")
    }

    /// The date: `2025-03-04`.
    pub(super) fn day(&self, seconds: i64) -> String {
        self.format(seconds, "%Y-%m-%d")
    }

    /// RFC 3339, with the offset of the zone.
    pub(super) fn rfc3339(&self, seconds: i64) -> String {
        self.format(seconds, "%Y-%m-%dT%H:%M:%S%:z")
    }

    fn format(&self, seconds: i64, pattern: &str) -> String {
        let time = Timestamp::from_second(seconds).map(|time| time.to_zoned(self.zone.clone()));
        time.map_or_else(|_| seconds.to_string(), |time| time.strftime(pattern).to_string())
    }

    /// Start and duration of an anomaly: `Tue 2025-03-04 14:30 for 2 h`.
    pub(super) fn anomaly_span(&self, anomaly: &Anomaly) -> String {
        self.span(anomaly.start, anomaly.end)
    }

    /// Start and duration of a period: `Tue 2025-03-04 14:30 for 2 h`.
    pub(super) fn span(&self, start: i64, end: i64) -> String {
        format!("{} for {}", self.time(start), duration(end - start))
    }
}

/// A duration: `30 min`, `2.5 h`, `3 d`.
fn duration(seconds: i64) -> String {
    match seconds {
        s if s < HOUR_SECONDS => format!("{} min", s / MINUTE_SECONDS),
        s if s < 2 * DAY_SECONDS => format!("{} h", rounded(s as f64 / HOUR_SECONDS as f64)),
        s => format!("{} d", rounded(s as f64 / DAY_SECONDS as f64)),
    }
}

/// Hours of the week: `Wed 03:00 to Wed 05:00`.
pub(super) fn window(window: &RiskWindow) -> String {
    let hour = |at: u32| format!("{} {:02}:00", WEEKDAYS[(at / 24 % 7) as usize], at % 24);
    let (first, end) = (u32::from(window.first_hour), u32::from(window.first_hour) + u32::from(window.hours));
    format!("{} to {}", hour(first), hour(end))
}

/// Why a window is a risk: it is anomalous, variable or both, and in how many weeks.
pub(super) fn reasons(window: &RiskWindow) -> impl Iterator<Item = (&'static str, WeekShare)> {
    [("anomalous", window.anomalous), ("variable", window.variable)].into_iter().filter(|(_, share)| share.is_risk)
}

/// The name of a weekday, from 0 for Monday: `Mon`.
pub(super) fn weekday(number: usize) -> &'static str {
    WEEKDAYS[number % 7]
}

/// A number with its order of magnitude: `1.23 G`, `45.6`, `0.0012`.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    let scaled = |unit: f64, name: &str| format!("{} {name}", three_digits(value / unit));
    match size {
        s if s >= 1e15 => format!("{value:.2e}"),
        s if s >= 1e12 => scaled(1e12, "T"),
        s if s >= 1e9 => scaled(1e9, "G"),
        s if s >= 1e6 => scaled(1e6, "M"),
        s if s >= 1e4 => scaled(1e3, "k"),
        s if s > 0.0 && s < 1e-3 => format!("{value:.1e}"),
        _ => three_digits(value),
    }
}

/// Three significant digits, without trailing zeros.
fn three_digits(value: f64) -> String {
    let digits = match value.abs() {
        s if s >= 100.0 => 0,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    if digits == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

fn rounded(value: f64) -> String {
    three_digits((value * 10.0).round() / 10.0)
}

/// A share in per cent: `12 %`, `-3.0 %`; `-` if there is none.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || "-".to_owned(),
        |share| {
            let percent = share * 100.0;
            if percent.abs() < 10.0 { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_percentages_and_durations() {
        for (value, text) in [
            (0.0, "0"),
            (1.5, "1.5"),
            (123.4, "123"),
            (9999.0, "9999"),
            (12_345.0, "12.3 k"),
            (-4.5e9, "-4.5 G"),
            (0.000_12, "1.2e-4"),
            (0.25, "0.25"),
            (1e100, "1.00e100"),
            (1000e6, "1 G"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            (percent(Some(0.1234)), percent(Some(-0.05)), percent(None)),
            ("12 %".into(), "-5.0 %".into(), "-".into())
        );
        assert_eq!(
            (duration(1800), duration(9000), duration(259_200)),
            ("30 min".into(), "2.5 h".into(), "3 d".into())
        );
    }

    #[test]
    fn windows_and_times_in_a_zone() {
        let share = WeekShare { weeks: 2, share: 0.5, interval: (0.2, 0.8), expected: 0.01, is_risk: true };
        let risky = |first_hour, hours| RiskWindow {
            first_hour,
            hours,
            weeks: 4,
            anomalous: share,
            variable: share,
            variability: None,
        };
        assert_eq!(window(&risky(51, 2)), "Wed 03:00 to Wed 05:00");
        assert_eq!(window(&risky(167, 2)), "Sun 23:00 to Mon 01:00");
        let clock = Clock { zone: TimeZone::get("Europe/Berlin").unwrap() };
        assert_eq!(clock.time(1_741_046_400), "Tue 2025-03-04 01:00");
        assert_eq!(clock.rfc3339(1_741_046_400), "2025-03-04T01:00:00+01:00");
        assert_eq!(clock.time(i64::MAX), i64::MAX.to_string());
    }
}
