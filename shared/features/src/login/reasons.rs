//! Describes the evidence of a login in words, for findings.

use weir_domain::login::LoginEvent;
use weir_domain::time::{HOUR_MILLIS, SECOND_MILLIS};
use weir_domain::window::utc_clock;

use super::column::Column;
use super::evidence::{Direction, Evidence};
use super::history::History;
use super::journey::Journey;
use super::levels::{DeviceLevel, PlaceLevel};
use super::likelihood::typical_volume;
use super::sighting::{Sighting, country_name};
use super::user_history::UserHistory;

/// The smallest log-likelihood ratio that is described.
const MIN_RATIO: f64 = 0.9;

/// The reasons why a login is suspicious, strongest first, or one sentence that it is typical. They contain text of the log, so
/// the caller must escape them before showing them.
#[must_use]
pub fn reasons(history: &History, login: &LoginEvent<'_>, seen: &Sighting, evidence: &Evidence) -> Vec<String> {
    let user = history.user(seen);
    let mut reasons: Vec<(f64, String)> = Vec::new();
    let mut add = |weight: f64, text: String| reasons.push((weight, text));
    if let Some(user) = user.filter(|_| evidence.history_level > 0) {
        add_place(user, seen, login, evidence, &mut add);
        add_device(user, login, evidence, &mut add);
        let hour = evidence.get(Column::Hour);
        if hour > MIN_RATIO {
            add(hour, format!("{} UTC is outside their hours", utc_clock(seen.time.div_euclid(SECOND_MILLIS))));
        }
        add_weekday(user, seen, evidence, &mut add);
        if let Some(last) = user.last.filter(|_| evidence.get(Column::Absence) > MIN_RATIO) {
            add(
                evidence.get(Column::Absence),
                format!("first login for {}", duration(seen.time.saturating_sub(last.time))),
            );
        }
        add_bytes(history, user, login, evidence, &mut add);
    } else {
        add(0.5, "first login of this user".to_owned());
    }
    let get = |column| evidence.get(column);
    let strangers = get(Column::Strangers);
    if get(Column::AddressFanOut) > MIN_RATIO {
        let users = evidence.users_at_address;
        add(
            get(Column::AddressFanOut) + get(Column::AddressFailures),
            format!("{users} users from this address within a day, new to most of them ({strangers:.0} by weight)"),
        );
    }
    if get(Column::ClientFanOut) > MIN_RATIO {
        add(get(Column::ClientFanOut), "this client is new to many of its users within a day".to_owned());
    }
    if get(Column::FailingStrangers) > MIN_RATIO {
        add(
            get(Column::FailingStrangers),
            "far more failed logins from new locations in this hour than in the baseline".to_owned(),
        );
    }
    if get(Column::UserFailures) > MIN_RATIO {
        add(get(Column::UserFailures), format!("{} failures of this user within 6 hours", evidence.user_failures));
    }
    if get(Column::Journey) > 0.0
        && let Some(last) = user.and_then(|user| user.last)
    {
        // Its weight puts it before the new country, which it implies.
        if let Some(journey) = Journey::impossible(&last, seen, evidence.place >= PlaceLevel::Country) {
            add(7.0, journey.describe(&last, seen));
        }
    }
    if get(Column::UserAddresses) > MIN_RATIO {
        add(get(Column::UserAddresses), addresses(evidence));
    }
    if get(Column::Reputation) > 0.0 {
        add(2.0, "the address is on a list of VPN, Tor or hosting addresses".to_owned());
    }
    if get(Column::SecondFactor) > 0.0 {
        add(9.0, "no MFA, which this user always uses".to_owned());
    }
    if get(Column::Root) > 0.0 {
        add(9.0, "login as root, the owner of the account".to_owned());
    }
    if evidence.session.is_some_and(|score| score > 4.0) {
        add(0.4, "same address and device as a suspicious login shortly before".to_owned());
    }
    reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
    if reasons.is_empty() {
        let logins = user.map_or(0.0, UserHistory::logins);
        return vec![format!("typical: place and device that this user has used before, in {logins:.0} logins")];
    }
    reasons.into_iter().map(|(_, text)| text).collect()
}

fn add_place(
    user: &UserHistory,
    seen: &Sighting,
    login: &LoginEvent<'_>,
    evidence: &Evidence,
    add: &mut impl FnMut(f64, String),
) {
    let city = match seen.city.as_str() {
        "" => String::new(),
        city => format!("{city}, "),
    };
    let main = user.countries.0.iter().max_by_key(|country| (country.count, country.key));
    let typical = main.map(|country| format!("{} from {}", country.count, country_name(country.key)));
    match (evidence.place, typical) {
        (PlaceLevel::New, Some(typical)) => {
            add(6.0, format!("first login from {city}{}; this user has {typical}", country_name(seen.country)));
        }
        (PlaceLevel::Country | PlaceLevel::New, _) => {
            let network = match login.asn {
                Some(asn) => format!("AS{asn}"),
                None => "this network".to_owned(),
            };
            let rare = if evidence.get(Column::Network) > 1.5 { ", which few users use" } else { "" };
            add(2.0 + evidence.get(Column::Network), format!("first login from {network}{rare}"));
            if evidence.get(Column::City) > MIN_RATIO {
                let city = seen.city.as_str();
                add(evidence.get(Column::City), format!("{city} is not among this user's cities"));
            }
        }
        (PlaceLevel::Network | PlaceLevel::Subnet, _) => {
            if evidence.device >= DeviceLevel::System {
                add(0.6, "new address in a network they use".to_owned());
            }
        }
        (PlaceLevel::Address, _) => {}
    }
}

fn add_device(user: &UserHistory, login: &LoginEvent<'_>, evidence: &Evidence, add: &mut impl FnMut(f64, String)) {
    let what =
        [login.browser, login.os].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" on ");
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    let devices = user.devices.0.len();
    let has = if devices == 1 { "one".to_owned() } else { devices.to_string() };
    match evidence.device {
        DeviceLevel::New => add(4.0, format!("unknown device{what}; this user has used {has}")),
        DeviceLevel::System => add(3.0, format!("another browser or an older version{what}")),
        DeviceLevel::Upgrade | DeviceLevel::Device => {}
    }
}

/// `18 hours`, `92 days`.
fn duration(milliseconds: i64) -> String {
    let hours = milliseconds / HOUR_MILLIS;
    if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) }
}

fn add_weekday(user: &UserHistory, seen: &Sighting, evidence: &Evidence, add: &mut impl FnMut(f64, String)) {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let ratio = evidence.get(Column::Weekday);
    let day = DAYS[seen.weekday()];
    if ratio > MIN_RATIO {
        let is_known = user.weekdays[seen.weekday()] > 0;
        add(
            ratio,
            if is_known {
                format!("{day} is rare for this user")
            } else {
                format!("{day} is not among this user's days")
            },
        );
    }
}

/// `sent 4.1 GB out; typically 20 MB`.
fn add_bytes(
    history: &History,
    user: &UserHistory,
    login: &LoginEvent<'_>,
    evidence: &Evidence,
    add: &mut impl FnMut(f64, String),
) {
    let excess = evidence.get(Column::Excess);
    let (at, verb, now) = match evidence.direction {
        Some(Direction::In) => (0, "received", login.bytes_in),
        Some(Direction::Out) => (1, "sent", login.bytes_out),
        None => return,
    };
    if let Some(now) = now.filter(|_| excess > 2.0) {
        let (mean, _) = typical_volume(&user.volumes[at], &history.all_users.bytes[at]);
        let out = if at == 1 { " out" } else { "" };
        add(excess, format!("{verb} {}{out}; typically {}", bytes(now as f64), bytes(10f64.powf(mean))));
    }
}

/// `5 addresses in an hour`, `6 addresses in 4 networks in a day`.
fn addresses(evidence: &Evidence) -> String {
    let (hour, day) = (evidence.in_hour, evidence.in_day);
    // The hour where it is most of the day.
    let (sources, window) =
        if hour.addresses * 2 > day.addresses && hour.addresses > 2 { (hour, "an hour") } else { (day, "a day") };
    let networks = if sources.networks > 1 { format!(" of {} networks", sources.networks) } else { String::new() };
    format!("{} addresses{networks} in {window}", sources.addresses)
}

/// Formats bytes in decimal units: `1.4 MB`, and without a decimal from 10 on: `19 MB`.
fn bytes(n: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (n, 0);
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(unit > 0 && value < 9.95);
    format!("{value:.decimals$} {}", UNITS[unit])
}
