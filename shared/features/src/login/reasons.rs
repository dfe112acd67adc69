//! Why a login got its score, in words.

use weir_domain::login::LoginEvent;

use super::column::Column;
use super::evidence::{Direction, Evidence, usual};
use super::familiarity::{DeviceLevel, PlaceLevel};
use super::history::{History, UserHistory};
use super::journey::Journey;
use super::recent::HOUR;
use super::sighting::{Sighting, country_name};

/// Ratios smaller than this are not worth a word.
const WORTH_A_WORD: f64 = 0.9;

/// What speaks against a login, strongest first; what is usual instead, where nothing does. Text of the log is in it:
/// whoever shows it escapes it.
#[must_use]
pub fn reasons(history: &History, login: &LoginEvent<'_>, seen: &Sighting, evidence: &Evidence) -> Vec<String> {
    let user = history.user(seen);
    let mut said: Vec<(f64, String)> = Vec::new();
    let mut say = |weight: f64, text: String| said.push((weight, text));
    if let Some(user) = user.filter(|_| evidence.acquaintance > 0) {
        of_place(user, seen, login, evidence, &mut say);
        of_device(user, login, evidence, &mut say);
        let hour = evidence.get(Column::Hour);
        if hour > WORTH_A_WORD {
            say(
                hour,
                format!("{} UTC is outside their hours", weir_domain::window::utc_clock(seen.time.div_euclid(1000))),
            );
        }
        of_weekday(user, seen, evidence, &mut say);
        if let Some(last) = user.last.filter(|_| evidence.get(Column::Absence) > WORTH_A_WORD) {
            say(
                evidence.get(Column::Absence),
                format!("first login for {}", pause(seen.time.saturating_sub(last.time))),
            );
        }
        of_bytes(history, user, login, evidence, &mut say);
    } else {
        say(0.5, "first login of this user".to_owned());
    }
    let get = |column| evidence.get(column);
    let strangers = get(Column::Strangers);
    if get(Column::AddressFanOut) > WORTH_A_WORD {
        let users = evidence.users_at_address;
        say(
            get(Column::AddressFanOut) + get(Column::AddressFailures),
            format!(
                "{users} users from this address within a day, to most of whom it is strange ({strangers:.0} by weight)"
            ),
        );
    }
    if get(Column::ClientFanOut) > WORTH_A_WORD {
        say(get(Column::ClientFanOut), "many users came newly with this client within a day".to_owned());
    }
    if get(Column::FailingStrangers) > WORTH_A_WORD {
        say(get(Column::FailingStrangers), "far more strangers than usual fail everywhere in this hour".to_owned());
    }
    if get(Column::UserFailures) > WORTH_A_WORD {
        say(get(Column::UserFailures), format!("{} failures of this user within 6 hours", evidence.user_failures));
    }
    if get(Column::Journey) > 0.0
        && let Some(last) = user.and_then(|user| user.last)
    {
        // Before the place: it says that as well.
        if let Some(journey) = Journey::nobody_makes(&last, seen, evidence.place >= PlaceLevel::Country) {
            say(7.0, journey.words(&last, seen));
        }
    }
    if get(Column::UserAddresses) > WORTH_A_WORD {
        say(get(Column::UserAddresses), addresses(evidence));
    }
    if get(Column::Reputation) > 0.0 {
        say(2.0, "the address is on a list of VPN, Tor or hosting addresses".to_owned());
    }
    if get(Column::SecondFactor) > 0.0 {
        say(9.0, "no MFA, which this user always uses".to_owned());
    }
    if get(Column::Root) > 0.0 {
        say(9.0, "as root, the owner of the account".to_owned());
    }
    if evidence.session.is_some_and(|score| score > 4.0) {
        say(0.4, "same address and device as a doubtful login shortly before".to_owned());
    }
    said.sort_by(|a, b| b.0.total_cmp(&a.0));
    if said.is_empty() {
        let known = user.map_or(0.0, UserHistory::logins);
        return vec![format!("as usual: known place and device of a user with {known:.0} logins")];
    }
    said.into_iter().map(|(_, text)| text).collect()
}

fn of_place(
    user: &UserHistory,
    seen: &Sighting,
    login: &LoginEvent<'_>,
    evidence: &Evidence,
    say: &mut impl FnMut(f64, String),
) {
    let city = match seen.city.as_str() {
        "" => String::new(),
        city => format!("{city}, "),
    };
    let most = user.countries.0.iter().max_by_key(|country| (country.count, country.key));
    let usual = most.map(|country| format!("{} from {}", country.count, country_name(country.key)));
    match (evidence.place, usual) {
        (PlaceLevel::Nothing, Some(usual)) => {
            say(6.0, format!("first login from {city}{}; this user has {usual}", country_name(seen.country)));
        }
        (PlaceLevel::Country | PlaceLevel::Nothing, _) => {
            let network = match login.asn {
                Some(asn) => format!("AS{asn}"),
                None => "this network".to_owned(),
            };
            let rare = if evidence.get(Column::Network) > 1.5 { ", which hardly anybody uses" } else { "" };
            say(2.0 + evidence.get(Column::Network), format!("first login from {network}{rare}"));
            if evidence.get(Column::City) > WORTH_A_WORD {
                let city = seen.city.as_str();
                say(evidence.get(Column::City), format!("{city} is not among this user's cities"));
            }
        }
        (PlaceLevel::Network | PlaceLevel::Subnet, _) => {
            if evidence.device >= DeviceLevel::System {
                say(0.6, "new address in a network they use".to_owned());
            }
        }
        (PlaceLevel::Address, _) => {}
    }
}

fn of_device(user: &UserHistory, login: &LoginEvent<'_>, evidence: &Evidence, say: &mut impl FnMut(f64, String)) {
    let what =
        [login.browser, login.os].iter().filter(|text| !text.is_empty()).copied().collect::<Vec<_>>().join(" on ");
    let what = if what.is_empty() { String::new() } else { format!(" ({what})") };
    let known = user.devices.0.len();
    let has = if known == 1 { "one".to_owned() } else { known.to_string() };
    match evidence.device {
        DeviceLevel::Nothing => say(4.0, format!("unknown device{what}; this user has used {has}")),
        DeviceLevel::System => say(3.0, format!("another browser or an older version{what}")),
        DeviceLevel::Upgrade | DeviceLevel::Device => {}
    }
}

/// `18 hours`, `92 days`.
fn pause(milliseconds: i64) -> String {
    let hours = milliseconds / HOUR;
    if hours < 48 { format!("{hours} hours") } else { format!("{} days", hours / 24) }
}

fn of_weekday(user: &UserHistory, seen: &Sighting, evidence: &Evidence, say: &mut impl FnMut(f64, String)) {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let ratio = evidence.get(Column::Weekday);
    let day = DAYS[seen.weekday()];
    if ratio > WORTH_A_WORD {
        let known = user.weekdays[seen.weekday()] > 0;
        say(
            ratio,
            if known { format!("{day} is rare for this user") } else { format!("{day} is not among this user's days") },
        );
    }
}

/// `sent 4.1 GB out; usually 20 MB`.
fn of_bytes(
    history: &History,
    user: &UserHistory,
    login: &LoginEvent<'_>,
    evidence: &Evidence,
    say: &mut impl FnMut(f64, String),
) {
    let excess = evidence.get(Column::Excess);
    let (at, verb, now) = match evidence.direction {
        Some(Direction::In) => (0, "received", login.bytes_in),
        Some(Direction::Out) => (1, "sent", login.bytes_out),
        None => return,
    };
    if let Some(now) = now.filter(|_| excess > 2.0) {
        let (mean, _) = usual(&user.volumes[at], &history.everybody.bytes[at]);
        let out = if at == 1 { " out" } else { "" };
        say(excess, format!("{verb} {}{out}; usually {}", bytes(now as f64), bytes(10f64.powf(mean))));
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

/// `1.4 MB`, decimal units.
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
