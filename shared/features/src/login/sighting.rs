//! A login as the history counts it: every value as a number.

use std::net::IpAddr;

use weir_domain::distinct::stable_hash;
use weir_domain::login::{LoginEvent, LoginKind};

use super::country::Country;
use super::journey::{CityName, Spot};
use super::places::{Places, subnet};
use super::user_agent::Client;

/// What is counted of one login. Values are stable hashes; 0 where the log does not say.
#[expect(clippy::struct_excessive_bools, reason = "each says something else of the login")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// When, milliseconds since the epoch.
    pub time: i64,
    /// Whose account, at which cloud account or host.
    pub user: u64,
    /// Source address.
    pub address: u64,
    /// Its /24 or /48.
    pub subnet: u64,
    /// Its autonomous system, where known; else the same as `subnet`.
    pub network: u64,
    /// Its country: up to eight letters of its code, packed.
    pub country: u64,
    /// Its city, in its country.
    pub city_key: u64,
    /// What the city is called.
    pub city: CityName,
    /// Its coordinates.
    pub spot: Option<Spot>,
    /// The device: its id where the log has one, else the user agent.
    pub device: u64,
    /// The user agent as sent, or the device where there is none.
    pub agent: u64,
    /// Browser, system and device type without versions.
    pub family: u64,
    /// The browser.
    pub browser: u64,
    /// Major version of the browser.
    pub version: u16,
    /// The operating system.
    pub system: u64,
    /// The type of device.
    pub device_type: u64,
    /// Let in.
    pub succeeded: bool,
    /// Common logarithms of the bytes received and sent in the session, in thousandths.
    pub volumes: [Option<i32>; 2],
    /// Natural logarithm of the round-trip time plus 5 ms, in thousandths.
    pub round_trip: Option<i32>,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// A console login.
    pub console: bool,
    /// The owner of a cloud account.
    pub root: bool,
    /// From an address on a list of bad reputation.
    pub listed: bool,
}

impl Sighting {
    /// What is counted of a login. O(length of its text).
    #[must_use]
    pub fn of(login: &LoginEvent<'_>, places: &Places) -> Self {
        // Not asked where the log says it all; of coordinates it says nothing.
        let unsaid = login.asn.is_none() || login.country.is_empty() || places.has_spots();
        let place =
            login.source_ip.filter(|_| unsaid && !places.is_empty()).map(|ip| places.of(ip)).unwrap_or_default();
        let asn = login.asn.or(place.asn);
        let country = if login.country.is_empty() { place.country } else { login.country };
        let there = is_same_country(country, place.country);
        let city = if login.city.is_empty() && there { place.city } else { login.city };
        let subnet = login.source_ip.map_or(0, |ip| mixed(1, subnet(ip)));
        let client = if login.browser.is_empty() && login.os.is_empty() {
            Client::of(login.user_agent)
        } else {
            Client::of_columns(login.browser, login.os)
        };
        let agent = text(if login.user_agent.is_empty() { login.device_id } else { login.user_agent });
        let has_client = !(client.browser.is_empty() && client.system.is_empty());
        let device_type = text(login.device_type);
        let (browser, system) = (text(client.browser), text(client.system));
        Self {
            time: login.time,
            user: text(login.user) ^ text(login.account).rotate_left(17),
            address: login.source_ip.map_or(0, |ip| mixed(2, address_bits(ip))),
            subnet,
            network: asn.map_or(subnet, |asn| mixed(3, u128::from(asn))),
            country: packed(country),
            city_key: if city.is_empty() { 0 } else { (text(city) ^ packed(country).rotate_left(9)).max(1) },
            city: CityName::of(city),
            spot: place.spot.filter(|_| there),
            device: if login.device_id.is_empty() { agent } else { text(login.device_id) },
            agent,
            family: if has_client { browser ^ system.rotate_left(21) ^ device_type.rotate_left(42) } else { 0 },
            browser,
            version: client.version,
            system,
            device_type,
            succeeded: login.succeeded(),
            volumes: [login.bytes_in, login.bytes_out].map(|bytes| bytes.map(volume)),
            round_trip: login.round_trip_ms.map(|ms| ((ms + 5.0).ln() * 1000.0).clamp(0.0, 1e6) as i32),
            mfa: login.mfa,
            console: login.kind == LoginKind::ConsoleLogin,
            root: login.kind == LoginKind::ConsoleLogin && login.user == "root",
            listed: login.source_ip.is_some_and(|ip| places.is_listed(ip)),
        }
    }

    /// The country as the log or the places name it, in capitals, at most eight letters; empty where neither does.
    #[must_use]
    pub fn country_code(&self) -> String {
        String::from_utf8_lossy(&self.country.to_be_bytes()).trim_end_matches('\0').to_owned()
    }

    /// The hour of the day, UTC.
    #[must_use]
    pub fn hour(&self) -> usize {
        self.time.div_euclid(3_600_000).rem_euclid(24) as usize
    }

    /// The day of the week from Monday, 0 to 6, UTC.
    #[must_use]
    pub fn weekday(&self) -> usize {
        // The epoch was a Thursday.
        (self.time.div_euclid(86_400_000) + 3).rem_euclid(7) as usize
    }
}

fn volume(bytes: u64) -> i32 {
    ((1.0 + bytes as f64).log10() * 1000.0) as i32
}

/// Whether what places know is of the country that is believed: logs may write it out, places have its code.
fn is_same_country(believed: &str, of_place: &str) -> bool {
    let is = |country: &Country| country.name.trim_start_matches("the ").eq_ignore_ascii_case(believed);
    believed.eq_ignore_ascii_case(of_place) || believed.len() > 2 && Country::of(of_place).is_some_and(is)
}

fn text(text: &str) -> u64 {
    if text.is_empty() { 0 } else { stable_hash(text.as_bytes()).max(1) }
}

fn mixed(kind: u8, bits: u128) -> u64 {
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(&bits.to_le_bytes());
    stable_hash(&bytes).max(1)
}

fn address_bits(ip: IpAddr) -> u128 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The first eight bytes of a country's code or name, in capitals.
pub(super) fn packed(country: &str) -> u64 {
    let mut bytes = [0; 8];
    for (into, from) in bytes.iter_mut().zip(country.bytes()) {
        *into = from.to_ascii_uppercase();
    }
    u64::from_be_bytes(bytes)
}

/// The country that was packed, where the table has it.
pub(super) fn country_of(packed: u64) -> Option<&'static Country> {
    let bytes = packed.to_be_bytes();
    let code = bytes.get(..2).and_then(|code| str::from_utf8(code).ok()).filter(|_| bytes[2] == 0)?;
    Country::of(code)
}

/// What the packed country is called.
pub(super) fn country_name(packed: u64) -> String {
    country_of(packed).map_or_else(
        || String::from_utf8_lossy(&packed.to_be_bytes()).trim_end_matches('\0').to_owned(),
        |country| country.name.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use weir_domain::login::Outcome;

    use super::*;

    #[test]
    fn what_the_log_does_not_say_is_nothing() {
        let login = LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success);
        let seen = Sighting::of(&login, &Places::none());
        assert_eq!((seen.address, seen.network, seen.country, seen.device, seen.family), (0, 0, 0, 0, 0));
        assert_eq!((seen.volumes, seen.round_trip, seen.hour(), seen.weekday()), ([None; 2], None, 0, 3));
        assert_eq!((seen.city.as_str(), seen.spot), ("", None));
    }

    #[test]
    fn places_fill_in_what_the_log_lacks() {
        let mut places = Places::none();
        places.read_table("cidr,asn,country\n10.0.0.0/8,7,RO\n").unwrap();
        let login = LoginEvent {
            source_ip: Some("10.1.2.3".parse().unwrap()),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let seen = Sighting::of(&login, &places);
        assert_eq!((country_name(seen.country), seen.country_code()), ("Romania".to_owned(), "RO".to_owned()));
        let told = Sighting::of(&LoginEvent { country: "fr", asn: Some(7), ..login }, &places);
        assert_eq!((country_name(told.country), told.network), ("France".to_owned(), seen.network));
        assert_eq!(country_name(packed("Atlantis, deep")), "ATLANTIS");
    }

    #[test]
    fn cities_and_coordinates_are_of_the_country_that_is_believed() {
        let mut places = Places::none();
        places.read_table("cidr,country,city,latitude,longitude\n10.0.0.0/8,RO,Cluj,46.77,23.6\n").unwrap();
        let login = LoginEvent {
            source_ip: Some("10.1.2.3".parse().unwrap()),
            asn: Some(7),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let of = |country, city| {
            let seen = Sighting::of(&LoginEvent { country, city, ..login }, &places);
            (seen.city.as_str().to_owned(), seen.spot.is_some())
        };
        assert_eq!(of("", ""), ("Cluj".to_owned(), true));
        assert_eq!(of("ro", "Turda"), ("Turda".to_owned(), true));
        assert_eq!(of("Romania", ""), ("Cluj".to_owned(), true));
        assert_eq!(of("FR", ""), (String::new(), false));
    }

    #[test]
    fn versions_do_not_change_the_family() {
        let login = |browser| LoginEvent {
            browser,
            os: "Windows 10",
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let of = |browser| Sighting::of(&login(browser), &Places::none());
        assert_eq!(of("Chrome 117.0").family, of("Chrome 118.0").family);
        assert_ne!(of("Chrome 117.0").family, of("Edge 117.0").family);
        assert!(of("Chrome 118.0").version > of("Chrome 117.0").version);
    }
}
