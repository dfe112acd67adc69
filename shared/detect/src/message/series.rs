//! The sentences of findings about series.

use weir_domain::finding::{Entity, Facts, Kind};
use weir_domain::text::count;
use weir_domain::usage::{RiskWindow, UsageSeason, WeekShare};

/// What was found, and where.
pub(super) fn title(entity: &Entity, kind: Kind) -> String {
    match kind {
        Kind::UsageDrop => format!("Usage drop in {entity}"),
        Kind::UsageLevelChange => format!("New level of usage in {entity}"),
        Kind::UsageVariability => format!("Unsteady usage in {entity}"),
        Kind::DataGap => format!("Gap in {entity}"),
        _ => format!("Usage spike in {entity}"),
    }
}

/// What it was, the baseline at this hour, and how rare that is.
pub(super) fn sentence(entity: &Entity, facts: &Facts, when: &str) -> String {
    let Facts::Usage { kind, value, usual, usual_low, usual_high, season, effect, rarity, steps } = facts else {
        return String::new();
    };
    let at = match season {
        UsageSeason::None => "lately",
        UsageSeason::Day => "at this hour of the day",
        UsageSeason::Week => "at this hour of the week",
    };
    let (value, usual, low, high) = (amount(*value), amount(*usual), amount(*usual_low), amount(*usual_high));
    let rare = rare(*rarity);
    match kind {
        Kind::UsageDrop => {
            format!("{entity} was {value} {when}; {at} it is typically {usual}, rarely below {low}.{rare}")
        }
        Kind::UsageLevelChange => format!(
            "{entity} was {value} on average over {} steps {when}, all of them outside what is typical {at}: {usual}, rarely \
             below {low} or above {high}.{rare}",
            count(*steps)
        ),
        Kind::UsageVariability => format!(
            "{entity} varied by {value} from step to step over {} steps {when}, {} times the typical {usual}, above and below what is \
             usual {at}.{rare}",
            count(*steps),
            amount(*effect)
        ),
        Kind::DataGap => {
            let plural = if *steps == 1 { "" } else { "s" };
            format!(
                "{entity} has no values for {} step{plural} {when}, where it had one in nearly every step before. The last one was \
                 {value}.",
                count(*steps)
            )
        }
        _ => format!("{entity} was {value} {when}; {at} it is typically {usual}, rarely above {high}.{rare}"),
    }
}

/// The windows that are listed one by one; the others are counted.
const MAX_WINDOWS: usize = 3;

/// Which hours of the week are a risk, why, and how sure that is.
pub(super) fn risks(entity: &Entity, clock: &str, windows: &[RiskWindow]) -> String {
    let named: Vec<String> = windows.iter().take(MAX_WINDOWS).map(|window| risk(window, clock)).collect();
    let more = match windows.len().saturating_sub(MAX_WINDOWS) {
        0 => String::new(),
        1 => "; and one more".to_owned(),
        more => format!("; and {more} more"),
    };
    format!(
        "Hours of the week in which {entity} is more often out of the ordinary than at others: {}{more}. In brackets the 90 % \
         interval of the share of weeks, and the share of all hours.",
        named.join("; ")
    )
}

/// `Tuesdays 02:00 to 04:00 UTC: 6 of 7 weeks held an anomaly (53 to 97 %; 1 % of all)`.
fn risk(window: &RiskWindow, clock: &str) -> String {
    let share = |share: &WeekShare, of: &str| {
        let percent = |share: f64| (share * 100.0).round();
        let (low, high) = share.interval;
        let expected = if share.expected < 0.01 { "under 1".to_owned() } else { percent(share.expected).to_string() };
        let (low, high) = (percent(low), percent(high));
        format!("{} of {} weeks {of} ({low} to {high} %; {expected} % of all)", share.weeks, window.weeks)
    };
    let mut why = Vec::new();
    if window.anomalous.is_risk {
        why.push(share(&window.anomalous, "held an anomaly"));
    }
    if window.variable.is_risk {
        let times = window.variability.map(|times| format!(", {} times as far as otherwise", amount(times)));
        why.push(share(&window.variable, "strayed far from the baseline") + &times.unwrap_or_default());
    }
    format!("{} {clock}: {}", hours(window), why.join(" and "))
}

/// `Tuesdays 02:00 to 04:00`, `Sundays 23:00 to Mondays 01:00`.
fn hours(window: &RiskWindow) -> String {
    const DAYS: [&str; 7] = ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"];
    let (first, length) = (usize::from(window.first_hour), usize::from(window.hours));
    let (day, last) = (first / 24 % 7, (first + length - 1) / 24 % 7);
    // The end of a day is its hour 24.
    let end = (first + length - 1) % 24 + 1;
    let (from, until) =
        (DAYS[day], if day == last && length <= 24 { String::new() } else { format!("{} ", DAYS[last]) });
    format!("{from} {:02}:00 to {until}{end:02}:00", first % 24)
}

/// How rare a point is in its series.
fn rare(rarity: f64) -> String {
    match rarity {
        r if r >= 6.0 => " Fewer than one point of this series in a million is so unusual.".to_owned(),
        r if r >= 1.0 => {
            // Two digits: what is said of a tail is no surer.
            let points = 10_f64.powf(r);
            let unit = 10_f64.powf(points.log10().floor() - 1.0).max(1.0);
            format!(
                " About one point of this series in {} is so unusual.",
                count(((points / unit).round() * unit) as u64)
            )
        }
        _ => String::new(),
    }
}

/// A value without a unit, to three digits: `1,240,000`, `13.5`, `0.068`.
fn amount(value: f64) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    if size >= 1e15 || (size > 0.0 && size < 1e-6) {
        return format!("{value:.2e}");
    }
    if size >= 100.0 {
        let unit = 10_f64.powf(size.log10().floor() - 2.0).max(1.0);
        return format!("{sign}{}", count(((size / unit).round() * unit) as u64));
    }
    let places = if size >= 1e-6 { (2.0 - size.log10().floor()).clamp(0.0, 8.0) as usize } else { 0 };
    let text = format!("{size:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits() {
        let texts = [0.0, 1_238_900.0, -123.4, 13.49, 2.0, 0.0679, 0.000_012, 3e-9, 1.5e20, -0.5].map(amount);
        assert_eq!(texts, ["0", "1,240,000", "-123", "13.5", "2", "0.0679", "0.000012", "3.00e-9", "1.50e20", "-0.5"]);
    }

    #[test]
    fn hours_of_the_week_are_told_by_their_days() {
        let share = WeekShare { weeks: 0, share: 0.0, interval: (0.0, 1.0), expected: 0.0, is_risk: false };
        let window = |first_hour, hours| RiskWindow {
            first_hour,
            hours,
            weeks: 0,
            anomalous: share,
            variable: share,
            variability: None,
        };
        assert_eq!(hours(&window(26, 2)), "Tuesdays 02:00 to 04:00");
        assert_eq!(hours(&window(47, 1)), "Tuesdays 23:00 to 24:00");
        assert_eq!(hours(&window(167, 2)), "Sundays 23:00 to Mondays 01:00");
        assert_eq!(hours(&window(0, 168)), "Mondays 00:00 to Sundays 24:00");
    }

    #[test]
    fn rarities_are_told_to_two_digits() {
        assert_eq!(rare(2.1), " About one point of this series in 130 is so unusual.");
        assert_eq!(rare(3.0), " About one point of this series in 1,000 is so unusual.");
        assert_eq!((rare(0.0), rare(9.0).contains("million")), (String::new(), true));
    }
}
