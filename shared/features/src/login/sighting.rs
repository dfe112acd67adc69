//! A login encoded for the history: every value as a number.

use weir_domain::distinct::stable_hash;
use weir_domain::login::{LoginEvent, LoginKind};
use weir_domain::time::{DAY_HOURS, DAY_MILLIS, HOUR_MILLIS};

use super::country::Country;
use super::location::{CityName, Coordinates};
use super::places::{Places, address_bits, subnet};
use super::user_agent::Client;

/// The values of one login. Text values are stable hashes; 0 stands for a value that the log lacks.
#[expect(clippy::struct_excessive_bools, reason = "independent properties of a login")]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// The time, milliseconds since the epoch.
    pub time: i64,
    /// The user, and the cloud account or host.
    pub user: u64,
    /// The source address.
    pub address: u64,
    /// Its /24 or /48.
    pub subnet: u64,
    /// Its autonomous system, where known; else the same as `subnet`.
    pub network: u64,
    /// Its country: up to eight letters of its code, packed.
    pub country: u64,
    /// Its city, in its country.
    pub city_key: u64,
    /// The name of the city.
    pub city: CityName,
    /// Its coordinates.
    pub coordinates: Option<Coordinates>,
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
    /// Whether the login succeeded.
    pub succeeded: bool,
    /// The common logarithms of the bytes received and sent in the session, in thousandths.
    pub volumes: [Option<i32>; 2],
    /// The natural logarithm of the round-trip time plus 5 ms, in thousandths.
    pub round_trip: Option<i32>,
    /// Whether a second factor was used.
    pub mfa: Option<bool>,
    /// Whether it is a login to the AWS console.
    pub console: bool,
    /// Whether it is a console login of the root user.
    pub root: bool,
    /// Whether the address is on a list of bad reputation.
    pub listed: bool,
}

impl Sighting {
    /// Encodes a login. O(length of its text).
    #[must_use]
    pub fn from_login(login: &LoginEvent<'_>, places: &Places) -> Self {
        // Looked up only where the log lacks a value. Logs have no coordinates.
        let is_incomplete = login.asn.is_none() || login.country.is_empty() || places.has_coordinates();
        let place = login
            .source_ip
            .filter(|_| is_incomplete && !places.is_empty())
            .map(|ip| places.find(ip))
            .unwrap_or_default();
        let asn = login.asn.or(place.asn);
        let country = if login.country.is_empty() { place.country } else { login.country };
        let same_country = is_same_country(country, place.country);
        let city = if login.city.is_empty() && same_country { place.city } else { login.city };
        let subnet = login.source_ip.map_or(0, |ip| hash_bits(1, subnet(ip)));
        let client = if login.browser.is_empty() && login.os.is_empty() {
            Client::from_user_agent(login.user_agent)
        } else {
            Client::from_columns(login.browser, login.os)
        };
        let agent = text(if login.user_agent.is_empty() { login.device_id } else { login.user_agent });
        let has_client = !(client.browser.is_empty() && client.system.is_empty());
        let device_type = text(login.device_type);
        let (browser, system) = (text(client.browser), text(client.system));
        Self {
            time: login.time,
            user: text(login.user) ^ text(login.account).rotate_left(17),
            address: login.source_ip.map_or(0, |ip| hash_bits(2, address_bits(ip))),
            subnet,
            network: asn.map_or(subnet, |asn| hash_bits(3, u128::from(asn))),
            country: packed(country),
            city_key: if city.is_empty() { 0 } else { (text(city) ^ packed(country).rotate_left(9)).max(1) },
            city: CityName::from_name(city),
            coordinates: place.coordinates.filter(|_| same_country),
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

    /// The country as the log or the location table names it, in capitals, at most eight letters; empty where neither does.
    #[must_use]
    pub fn country_code(&self) -> String {
        String::from_utf8_lossy(&self.country.to_be_bytes()).trim_end_matches('\0').to_owned()
    }

    /// The hour of the day, UTC.
    #[must_use]
    pub fn hour(&self) -> usize {
        self.time.div_euclid(HOUR_MILLIS).rem_euclid(DAY_HOURS as i64) as usize
    }

    /// The day of the week from Monday, 0 to 6, UTC.
    #[must_use]
    pub fn weekday(&self) -> usize {
        // The epoch was a Thursday.
        (self.time.div_euclid(DAY_MILLIS) + 3).rem_euclid(7) as usize
    }
}

/// The common logarithm of bytes, in thousandths.
fn volume(bytes: u64) -> i32 {
    ((1.0 + bytes as f64).log10() * 1000.0) as i32
}

/// Whether a country of a log, which may be a name or a code, is the country of this code.
fn is_same_country(country: &str, code: &str) -> bool {
    let is_name = |of_code: &Country| of_code.name.trim_start_matches("the ").eq_ignore_ascii_case(country);
    country.eq_ignore_ascii_case(code) || country.len() > 2 && Country::from_code(code).is_some_and(is_name)
}

/// Hashes text; 0 of empty text.
fn text(text: &str) -> u64 {
    if text.is_empty() { 0 } else { stable_hash(text.as_bytes()).max(1) }
}

/// Hashes bits of one kind of value; never 0.
fn hash_bits(kind: u8, bits: u128) -> u64 {
    let mut bytes = [kind; 17];
    bytes[1..].copy_from_slice(&bits.to_le_bytes());
    stable_hash(&bytes).max(1)
}

/// Packs the first eight bytes of a country's code or name, in capitals.
pub(super) fn packed(country: &str) -> u64 {
    let mut bytes = [0; 8];
    for (into, from) in bytes.iter_mut().zip(country.bytes()) {
        *into = from.to_ascii_uppercase();
    }
    u64::from_be_bytes(bytes)
}

/// The country of a packed code, if the table of countries has it.
pub(super) fn country_of(packed: u64) -> Option<&'static Country> {
    let bytes = packed.to_be_bytes();
    let code = bytes.get(..2).and_then(|code| str::from_utf8(code).ok()).filter(|_| bytes[2] == 0)?;
    Country::from_code(code)
}

/// The name of a packed country.
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
    fn values_that_the_log_lacks_are_zero() {
        let login = LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success);
        let seen = Sighting::from_login(&login, &Places::none());
        assert_eq!((seen.address, seen.network, seen.country, seen.device, seen.family), (0, 0, 0, 0, 0));
        assert_eq!((seen.volumes, seen.round_trip, seen.hour(), seen.weekday()), ([None; 2], None, 0, 3));
        assert_eq!((seen.city.as_str(), seen.coordinates), ("", None));
    }

    #[test]
    fn the_location_table_fills_in_what_the_log_lacks() {
        let mut places = Places::none();
        places.read_table("cidr,asn,country\n10.0.0.0/8,7,RO\n").unwrap();
        let login = LoginEvent {
            source_ip: Some("10.1.2.3".parse().unwrap()),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let seen = Sighting::from_login(&login, &places);
        assert_eq!((country_name(seen.country), seen.country_code()), ("Romania".to_owned(), "RO".to_owned()));
        let from_log = Sighting::from_login(&LoginEvent { country: "fr", asn: Some(7), ..login }, &places);
        assert_eq!((country_name(from_log.country), from_log.network), ("France".to_owned(), seen.network));
        assert_eq!(country_name(packed("Atlantis, deep")), "ATLANTIS");
    }

    #[test]
    fn the_log_has_precedence_over_databases() {
        let mut places = Places::none();
        places.read_table("cidr,asn,country\n1.3.0.0/16,8,JP\n1.0.0.0/16,64500,DE\n").unwrap();
        let login = LoginEvent {
            source_ip: Some("1.3.0.1".parse().unwrap()),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let values = |login: &LoginEvent<'_>, places: &Places| {
            let sighting = Sighting::from_login(login, places);
            (sighting.network, country_name(sighting.country))
        };
        let from_log = values(&LoginEvent { country: "JP", asn: Some(8), ..login }, &Places::none());
        assert_eq!(values(&login, &places), from_log);
        let login = LoginEvent { source_ip: Some("1.0.0.1".parse().unwrap()), country: "US", ..login };
        let from_log = values(&LoginEvent { asn: Some(64_500), ..login }, &Places::none());
        assert_eq!(values(&login, &places), from_log, "the country of the log, the network of the table");
    }

    #[test]
    fn cities_and_coordinates_are_of_the_country_of_the_log() {
        let mut places = Places::none();
        places.read_table("cidr,country,city,latitude,longitude\n10.0.0.0/8,RO,Cluj,46.77,23.6\n").unwrap();
        let login = LoginEvent {
            source_ip: Some("10.1.2.3".parse().unwrap()),
            asn: Some(7),
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let encoded = |country, city| {
            let seen = Sighting::from_login(&LoginEvent { country, city, ..login }, &places);
            (seen.city.as_str().to_owned(), seen.coordinates.is_some())
        };
        assert_eq!(encoded("", ""), ("Cluj".to_owned(), true));
        assert_eq!(encoded("ro", "Turda"), ("Turda".to_owned(), true));
        assert_eq!(encoded("Romania", ""), ("Cluj".to_owned(), true));
        assert_eq!(encoded("FR", ""), (String::new(), false));
    }

    #[test]
    fn versions_do_not_change_the_family() {
        let login = |browser| LoginEvent {
            browser,
            os: "Windows 10",
            ..LoginEvent::new(0, "ada", LoginKind::Unknown, Outcome::Success)
        };
        let encoded = |browser| Sighting::from_login(&login(browser), &Places::none());
        assert_eq!(encoded("Chrome 117.0").family, encoded("Chrome 118.0").family);
        assert_ne!(encoded("Chrome 117.0").family, encoded("Edge 117.0").family);
        assert!(encoded("Chrome 118.0").version > encoded("Chrome 117.0").version);
    }
}
